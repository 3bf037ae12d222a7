import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, realpath } from "node:fs/promises";
import { join } from "node:path";
import { growDisk, showDisks } from "./condition.ts";
import { removeTree } from "./disk.ts";
import type { Hypervisor, MachineDefinition } from "./machine.ts";
import { bootMachine, type BootEnvironment, type RunningMachine } from "./running-machine.ts";
import type { MachineStatus } from "./running-machine.ts";
import { kubernetesNames, openSystemTree } from "./system-tree.ts";

/** A hypervisor that tells of the machines that run. */
export type LabHypervisor = Hypervisor & { list(): readonly MachineStatus[] };

export interface HypervisorOptions {
  /** Directory of the machines' disks, one per vmid; made when missing. */
  readonly stateDir: string;
  /** The built guest program. */
  readonly guestBinary: string;
  /** Directory with etcd, etcdctl, etcdutl, kube-apiserver, kube-controller-manager, kube-scheduler and kubectl. */
  readonly kubernetesBinDir: string;
  /** Directory with the programs of pods. */
  readonly podProgramsDir: string;
  /** PEM file of the certificates that machines trust. */
  readonly caFile: string;
  /** Names that machines find in /etc/hosts, name to IPv4 address. */
  readonly extraHosts?: Readonly<Record<string, string>>;
  /** Called after a machine began or ceased to run, whatever the reason. */
  readonly onChange?: (vmid: number, running: boolean) => void;
}

/** What apt-get in the machine leaves of the package. */
const agentUnit = "usr/local/lib/systemd/system/qemu-guest-agent.service";

/** The files behind `names` in a directory of programs; throws when one is missing. */
async function programs(
  directory: string,
  names: readonly string[],
): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of names) {
    const path = join(directory, name);
    found[name] = await realpath(path).catch((error: unknown) => {
      throw new Error(`machines: the program ${path} is missing`, { cause: error });
    });
  }
  return found;
}

/**
 * Runs machines as sandboxes in this process' network namespace, which must have the bridges that definitions name.
 * Needs root, or root of a user namespace with a range of ids, and a /run of its own.
 */
export async function createHypervisor(options: HypervisorOptions): Promise<LabHypervisor> {
  await mkdir(options.stateDir, { recursive: true });
  const podNames = await readdir(options.podProgramsDir);
  const environment: BootEnvironment = {
    stateDir: await realpath(options.stateDir),
    guestBinary: await realpath(options.guestBinary),
    kubernetesBinaries: await programs(options.kubernetesBinDir, kubernetesNames),
    podPrograms: await programs(options.podProgramsDir, podNames),
    caBundle: await readFile(options.caFile, "utf8"),
    extraHosts: options.extraHosts ?? {},
    system: await openSystemTree(podNames),
  };
  const machines = new Map<number, RunningMachine>();
  let closed = false;
  const queues = new Map<number, Promise<unknown>>();

  // Calls for one machine happen one after the other; a failed one does not spoil the next.
  const inTurn = <T>(vmid: number, action: () => Promise<T>): Promise<T> => {
    const before = queues.get(vmid) ?? Promise.resolve();
    const result = before.then(action, action);
    queues.set(
      vmid,
      result.catch(() => undefined),
    );
    return result;
  };

  const boot = async (definition: MachineDefinition): Promise<void> => {
    const machine = await bootMachine(environment, definition);
    machines.set(definition.vmid, machine);
    options.onChange?.(definition.vmid, true);
    void machine.ended.then((end) => ended(machine, end.reboot));
  };

  // A machine that reboots itself keeps running for its host; anything else that ends it, ends it.
  const ended = async (machine: RunningMachine, reboot: boolean): Promise<void> => {
    const { definition } = machine;
    if (machines.get(definition.vmid) !== machine) return;
    machines.delete(definition.vmid);
    if (reboot && !machine.stopping) {
      try {
        await inTurn(definition.vmid, () => (closed ? Promise.resolve() : boot(definition)));
        return;
      } catch (error) {
        process.emitWarning(
          `machine ${definition.vmid}: did not come back from its reboot: ${String(error)}`,
        );
      }
    }
    options.onChange?.(definition.vmid, false);
  };

  const stopNow = async (
    vmid: number,
    graceful: boolean,
    timeoutSeconds: number,
    force = true,
  ): Promise<boolean> => {
    const machine = machines.get(vmid);
    if (!machine) return true;
    if (!(await machine.stop(graceful ? timeoutSeconds : 0, force))) return false;
    await ended(machine, false);
    return true;
  };

  return {
    start: (definition) =>
      inTurn(definition.vmid, async () => {
        if (closed) throw new Error(`machine ${definition.vmid}: the lab's hypervisor is closed`);
        if (!machines.has(definition.vmid)) await boot(definition);
      }),
    stop: (vmid, { graceful, timeoutSeconds, force }) =>
      inTurn(vmid, () => stopNow(vmid, graceful, timeoutSeconds, force)),
    running: (vmid) => machines.has(vmid),
    growDisk: (vmid, bytes) => growDisk(join(environment.stateDir, String(vmid)), bytes),
    showDisks: async (vmid, disks) => {
      const directory = join(environment.stateDir, String(vmid));
      if (existsSync(directory)) await showDisks(directory, disks);
    },
    hasAgent: (vmid) => existsSync(join(environment.stateDir, String(vmid), "root", agentUnit)),
    destroy: (vmid) =>
      inTurn(vmid, async () => {
        await stopNow(vmid, false, 0);
        await removeTree(join(environment.stateDir, String(vmid)));
      }),
    async close() {
      closed = true;
      await Promise.all(
        [...machines.keys()].map((vmid) => inTurn(vmid, () => stopNow(vmid, true, 10))),
      );
      await environment.system.close();
    },
    list: () =>
      [...machines.values()].map(({ definition, startedAt, cloudInit }) => ({
        definition,
        startedAt,
        cloudInit,
      })),
  };
}
