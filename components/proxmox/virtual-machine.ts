import { FileLegacy } from "@muhlba91/pulumi-proxmoxve/fileLegacy.js";
import { Haresource } from "@muhlba91/pulumi-proxmoxve/haresource.js";
import { VmLegacy } from "@muhlba91/pulumi-proxmoxve/vmLegacy.js";
import {
  all,
  ComponentResource,
  ErrorHook,
  log,
  ResourceHook,
  secret,
  type ComponentResourceOptions,
  type Input,
  type Output,
  type Resource,
  type ResourceHookBinding,
} from "@pulumi/pulumi";
import { PrivateKey } from "@pulumi/tls/privateKey.js";
import type { Machine, MachineSpec, PlannedMachine } from "../machine.ts";
import { cloudInit } from "./cloud-init.ts";
import { restartReasons, wantedSettings, type VmInputs } from "./restart-settings.ts";
import type { SitePlan } from "./types.ts";
import { snippetName, vmArgs, vmIgnoreChanges } from "./vm-args.ts";

/** What stands around a machine's restart; see rke2/rolling-restart.ts. */
export interface Restarts {
  leave(machine: MachineSpec & Machine, tell: (text: string) => void): Promise<void>;
  back(machine: MachineSpec & Machine, tell: (text: string) => void): Promise<void>;
  failed(machine: MachineSpec & Machine, tell: (text: string) => void): Promise<void>;
}

export interface VirtualMachineArgs {
  readonly site: SitePlan;
  readonly machine: PlannedMachine;
  /** Position in the host's start order; lower starts first. */
  readonly startOrder: number;
  /** Volume id of the cloud image on the machine's host. */
  readonly image: Input<string>;
  /** The pool's id, as an output of the pool, so that the pool outlives the machine. */
  readonly poolId: Input<string>;
  /** Public login key, one authorized_keys line. */
  readonly loginKey: Input<string>;
  readonly restarts: Restarts;
}

/** A virtual machine with its host key, its cloud-init document and, if asked for, its place under HA. */
export class VirtualMachine extends ComponentResource {
  readonly vm: VmLegacy;
  /** Public ed25519 host key, one authorized_keys line without comment. */
  readonly hostKey: Output<string>;

  constructor(name: string, args: VirtualMachineArgs, opts?: ComponentResourceOptions) {
    super("homelab:proxmox:Machine", name, {}, opts);
    const hostKey = new PrivateKey(`${name}-host-key`, { algorithm: "ED25519" }, { parent: this });
    this.hostKey = hostKey.publicKeyOpenssh.apply((line) => line.trim());
    const snippet = this.snippet(name, args, hostKey);
    this.vm = this.virtualMachine(name, args, snippet);
    this.highAvailability(name, args.machine);
    this.registerOutputs({ address: args.machine.address, hostKey: this.hostKey });
  }

  private snippet(name: string, args: VirtualMachineArgs, hostKey: PrivateKey): FileLegacy {
    const { site, machine } = args;
    const data = all([args.loginKey, hostKey.privateKeyOpenssh, hostKey.publicKeyOpenssh]).apply(
      ([loginKey, privateKey, publicKey]) =>
        cloudInit({
          name: machine.name,
          domain: site.domain,
          loginKey,
          hostKey: { privateKey, publicKey },
        }),
    );
    return new FileLegacy(
      `${name}-user-data`,
      {
        nodeName: machine.host,
        datastoreId: machine.datastores.snippets,
        contentType: "snippets",
        sourceRaw: { data: secret(data), fileName: snippetName(site.name, machine.name) },
      },
      { parent: this, deleteBeforeReplace: true },
    );
  }

  private virtualMachine(name: string, args: VirtualMachineArgs, snippet: Resource): VmLegacy {
    const { site, machine } = args;
    const wanted = vmArgs(site, machine, args.startOrder, args.image);
    return new VmLegacy(
      `${name}-vm`,
      { ...wanted, poolId: args.poolId },
      {
        parent: this,
        dependsOn: [snippet],
        deleteBeforeReplace: true,
        // A machine that this run is to build anew has a new generation among its tags, whatever else changes.
        replaceOnChanges: machine.stands ? [] : ["tags"],
        ignoreChanges: vmIgnoreChanges(machine),
        hooks: this.restartHooks(name, args, wanted),
      },
    );
  }

  /**
   * The provider never switches a machine that runs (rebootAfterUpdate), and updates all machines at once. So a change that
   * counts only from a start on finds its machine off, when it is its turn; the provider starts it, and the next machine
   * waits until it is well.
   */
  private restartHooks(
    name: string,
    { machine, restarts }: VirtualMachineArgs,
    wanted: VmInputs,
  ): ResourceHookBinding {
    const tell = (text: string): void => void log.info(text, this);
    const leave = new ResourceHook(
      `${name}-leave`,
      async ({ oldInputs, oldOutputs, newInputs }) => {
        const before = wantedSettings((oldOutputs ?? oldInputs ?? {}) as VmInputs);
        // The engine has taken out of the inputs what is to be left as it is.
        const reasons = restartReasons(before, wantedSettings((newInputs ?? wanted) as VmInputs));
        if (reasons.length === 0) return;
        tell(`${name} restarts: ${reasons.join("; ")}`);
        await restarts.leave(machine, tell);
      },
    );
    const back = new ResourceHook(`${name}-back`, () => restarts.back(machine, tell));
    const failed = new ErrorHook(`${name}-failed`, async () => {
      await restarts.failed(machine, tell);
      return false;
    });
    return { beforeUpdate: [leave], afterUpdate: [back], onError: [failed] };
  }

  private highAvailability(name: string, machine: MachineSpec): void {
    if (machine.ha === undefined) return;
    new Haresource(
      `${name}-ha`,
      {
        resourceId: `vm:${machine.vmId}`,
        type: "vm",
        state: "started",
        maxRestart: machine.ha.maxRestart,
        maxRelocate: machine.ha.maxRelocate,
        comment: "homelab",
      },
      {
        parent: this,
        dependsOn: [this.vm],
        replaceOnChanges: ["resourceId"],
        deleteBeforeReplace: true,
      },
    );
  }
}
