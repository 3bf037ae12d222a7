import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import { Release } from "@pulumi/kubernetes/helm/v3/release.js";
import { ComponentResource, type ComponentResourceOptions, type Resource } from "@pulumi/pulumi";
import type { ReachedMachine } from "../machine.ts";
import { RemoteStep } from "../remote/remote-step.ts";
import { scriptText } from "../remote/shell.ts";
import { rke2Script } from "../rke2/scripts.ts";
import { bgpKinds, bgpResources, type BgpPlan } from "./bgp.ts";
import { ciliumHook } from "./cilium-step.ts";
import { ciliumValues } from "./cilium-values.ts";
import { nodesReadyHook } from "./nodes-ready.ts";

const readyScript = rke2Script + scriptText(import.meta.url, "cilium-ready.sh");

export interface NetworkArgs {
  /** Name of the cluster, part of Cilium's identity. */
  readonly clusterName: string;
  /** Version of the Cilium chart. */
  readonly cilium: string;
  /** Pod network in CIDR form. */
  readonly pods: string;
  readonly bgp: BgpPlan;
  /** The machines of all nodes; the first is a server, where the cluster's state is read. */
  readonly nodes: readonly [ReachedMachine, ...ReachedMachine[]];
}

/** Cilium with its BGP peering. Ready once every node is. The cluster's provider is that of `opts.providers`. */
export class Network extends ComponentResource {
  /** The step that saw every node Ready: workloads depend on it. */
  readonly ready: Resource;

  constructor(name: string, args: NetworkArgs, opts?: ComponentResourceOptions) {
    super("homelab:network:Network", name, {}, opts);
    const release = this.cilium(args);
    this.ready = this.waitForNodes(name, args, release);
    this.peering(args, this.ready);
    this.registerOutputs({});
  }

  private cilium(args: NetworkArgs): Resource {
    return new Release(
      "cilium",
      {
        name: "cilium",
        namespace: "kube-system",
        chart: "cilium",
        version: args.cilium,
        repositoryOpts: { repo: "https://helm.cilium.io" },
        values: ciliumValues({
          pods: args.pods,
          nodes: args.nodes.length,
          clusterName: args.clusterName,
        }),
        timeout: 900,
      },
      {
        parent: this,
        hooks: { beforeUpdate: [ciliumHook(args.cilium), nodesReadyHook("cilium", args.nodes)] },
      },
    );
  }

  /** The chart brings no resource kinds; its running operator does, after the release counts as installed. */
  private waitForNodes(name: string, args: NetworkArgs, release: Resource): Resource {
    return new RemoteStep(
      `${name}-ready`,
      {
        machine: args.nodes[0],
        title: "cilium-ready",
        script: readyScript,
        parameters: {
          NODES: args.nodes.map((node) => node.name).join(" "),
          // Not read: a machine that was built anew has to be waited for once more.
          GENERATIONS: args.nodes.map((node) => node.generation).join(" "),
          KINDS: bgpKinds.join(" "),
        },
        limitSeconds: 1800,
        after: [release],
      },
      { parent: this },
    ).done;
  }

  private peering(args: NetworkArgs, after: Resource): void {
    for (const { kind, name, labels, spec } of bgpResources(args.bgp)) {
      new CustomResource(
        `${kind}-${name}`,
        {
          apiVersion: "cilium.io/v2",
          kind,
          metadata: { name, ...(labels ? { labels: { ...labels } } : {}) },
          spec,
        },
        { parent: this, dependsOn: [after] },
      );
    }
  }
}
