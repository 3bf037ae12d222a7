import { ComponentResource, type ComponentResourceOptions } from "@pulumi/pulumi";
import { TailnetKey } from "@pulumi/tailscale/tailnetKey.js";
import type { ReachedMachine } from "../machine.ts";
import { RemoteStep } from "../remote/remote-step.ts";
import { tailscaleDownloads } from "./operator-values.ts";
import { tailnetScripts } from "./scripts.ts";
import { freeName, type DeviceApi } from "./stale-devices.ts";
import { siteTags } from "./tags.ts";

/** How long an auth key can be used, in seconds: a bring-up that broke off may go on some days later. */
const keySeconds = 7 * 24 * 3600;

export interface TailnetNodesArgs {
  readonly site: string;
  readonly machines: readonly ReachedMachine[];
  /** Tailscale release, for example `1.102.3`. */
  readonly version: string;
  readonly api: DeviceApi;
}

/**
 * Tailscale on every machine of a site: each joins with a key of its own, which works once. `opts.dependsOn` says after
 * what the policy knows the tags; it outlives the keys.
 */
export class TailnetNodes extends ComponentResource {
  constructor(name: string, args: TailnetNodesArgs, opts?: ComponentResourceOptions) {
    super("homelab:tailnet:Nodes", name, {}, opts);
    for (const machine of args.machines) this.join(machine, args, this.key(machine, args));
    this.registerOutputs({});
  }

  /**
   * A machine's key, made anew with its generation, after the old machine is gone and its name in the tailnet is free.
   * Used up it counts as invalid; the provider keeps it, so that no refresh makes another.
   */
  private key(machine: ReachedMachine, { site, api }: TailnetNodesArgs): TailnetKey {
    const { node } = siteTags(site);
    const free = freeName(`${machine.name}-tailnet-name`, api, node, machine.name);
    return new TailnetKey(
      `${machine.name}-tailnet-key`,
      {
        description: keyDescription(machine.name, machine.generation),
        reusable: false,
        ephemeral: false,
        preauthorized: true,
        tags: [node],
        expiry: keySeconds,
        recreateIfInvalid: "never",
      },
      {
        parent: this,
        dependsOn: [machine.vm],
        hooks: { beforeCreate: [free] },
        additionalSecretOutputs: ["key"],
      },
    );
  }

  private join(
    machine: ReachedMachine,
    { site, version }: TailnetNodesArgs,
    key: TailnetKey,
  ): void {
    new RemoteStep(
      `${machine.name}-tailnet`,
      {
        machine,
        title: "tailnet",
        script: tailnetScripts.join,
        parameters: {
          NODE_NAME: machine.name,
          VERSION: version,
          DOWNLOADS: `${tailscaleDownloads}/stable`,
          CONTROL_URL: "https://controlplane.tailscale.com",
          TAG: siteTags(site).node,
          AUTH_KEY: key.key,
        },
        limitSeconds: 900,
        after: [key],
      },
      { parent: this },
    );
  }
}

/**
 * Description of a machine's auth key: its generation and name. It changes with the generation, and the provider then
 * makes a new key. Tailscale takes letters, digits, hyphens and blanks, at most 50.
 */
export function keyDescription(machine: string, generation: string): string {
  return `${generation} ${machine}`.slice(0, 50).trimEnd();
}
