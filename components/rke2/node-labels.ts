import { NodePatch } from "@pulumi/kubernetes/core/v1/nodePatch.js";
import { ComponentResource, type ComponentResourceOptions, type Resource } from "@pulumi/pulumi";
import type { Machine, MachineSpec } from "../machine.ts";
import { generationLabel } from "./config.ts";

export interface NodeLabelsArgs {
  /** The host is a node's failure domain; a machine that was built anew has none of its predecessor's labels. */
  readonly nodes: readonly (Machine & Pick<MachineSpec, "labels">)[];
  /** By node name: steps that take nodes out of the cluster; a node's labels go before it. */
  readonly dismissals: ReadonlyMap<string, Resource>;
}

/**
 * Labels of nodes. The kubelet sets labels at registration only; these follow the config, and what is changed by hand
 * is seen by a refresh and put right. The cluster's provider is that of `opts.providers`.
 */
export class NodeLabels extends ComponentResource {
  constructor(name: string, args: NodeLabelsArgs, opts?: ComponentResourceOptions) {
    super("homelab:rke2:NodeLabels", name, {}, opts);
    for (const node of args.nodes)
      new NodePatch(
        `${node.name}-labels`,
        {
          metadata: {
            name: node.name,
            labels: labelsOf(node),
            // Without it a label that somebody set by hand would be a conflict instead of a repair.
            annotations: {
              "pulumi.com/patchForce": "true",
              [generationLabel]: node.generation,
            },
          },
        },
        {
          parent: this,
          dependsOn: args.dismissals.get(node.name) ?? [],
        },
      );
    this.registerOutputs({});
  }
}

/**
 * The config's labels, and the host as the node's zone: schedulers spread replicas over zones, and a host takes all of
 * its machines with it (https://kubernetes.io/docs/reference/labels-annotations-taints/#topologykubernetesiozone).
 */
function labelsOf({ host, labels }: Pick<MachineSpec, "host" | "labels">): Record<string, string> {
  return { "topology.kubernetes.io/zone": host, ...labels };
}
