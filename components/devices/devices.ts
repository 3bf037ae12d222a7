import { DaemonSet } from "@pulumi/kubernetes/apps/v1/daemonSet.js";
import { ComponentResource, type ComponentResourceOptions, type Resource } from "@pulumi/pulumi";
import type { ReachedMachine } from "../machine.ts";
import { nodesReadyHook } from "../network/nodes-ready.ts";
import { makeNamespace } from "../workload/namespace.ts";
import { appLabels } from "../workload/restricted.ts";
import { devicesNamespace, plugin, pluginAnnotations } from "./names.ts";
import { pluginSpec, type PluginPlan } from "./plugin.ts";

export interface DevicesArgs {
  readonly plan: PluginPlan;
  /** The machines of all nodes. */
  readonly machines: readonly ReachedMachine[];
}

/**
 * Hands devices of machines to pods that ask for them. Ready once the plugin runs on each machine that is to have one; whether
 * a device is there a node says by itself. The cluster's provider is that of `opts.providers`, and `opts.dependsOn` says after
 * what pods run.
 */
export class Devices extends ComponentResource {
  /** Pods that ask for a device come after it. */
  readonly ready: Resource;

  constructor(name: string, args: DevicesArgs, opts?: ComponentResourceOptions) {
    super("homelab:devices:Devices", name, {}, opts);
    const namespace = makeNamespace(`${name}-namespace`, devicesNamespace, { parent: this });
    this.ready = this.plugin(name, args, namespace);
    this.registerOutputs({});
  }

  private plugin(name: string, { plan, machines }: DevicesArgs, namespace: Resource): Resource {
    return new DaemonSet(
      `${name}-plugin`,
      {
        metadata: {
          ...{ name: plugin, namespace: devicesNamespace.name, labels: appLabels(plugin) },
          annotations: pluginAnnotations,
        },
        spec: pluginSpec(plan),
      },
      {
        parent: this,
        dependsOn: [namespace],
        hooks: { beforeUpdate: [nodesReadyHook(plugin, machines)] },
      },
    );
  }
}
