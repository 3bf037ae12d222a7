import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import { ComponentResource, type ComponentResourceOptions, type Resource } from "@pulumi/pulumi";
import type { ReachedMachine } from "../machine.ts";
import { products, releaseStepHook } from "../release-step.ts";
import { RemoteStep } from "../remote/remote-step.ts";
import { scriptText } from "../remote/shell.ts";
import { rke2Script } from "../rke2/scripts.ts";
import { helmRelease } from "../workload/release.ts";
import { definitionOf, type CiliumResource } from "./announcement.ts";
import { bgpResources, passwordSecret, type BgpPlan } from "./bgp.ts";
import { ciliumCharts, ciliumValues } from "./cilium-values.ts";
import { imagePullHook } from "./image-pull.ts";
import { addressPool, l2Policy } from "./load-balancers.ts";
import { nodesReadyHook } from "./nodes-ready.ts";
import type { AddressPool } from "./pool.ts";

const readyScript = rke2Script + scriptText(import.meta.url, "cilium-ready.sh");

/** Kinds that Cilium's operator installs and that others here register objects of. */
const policyKinds = [{ kind: "CiliumClusterwideNetworkPolicy" }];

export interface NetworkArgs {
  /** Name of the cluster, part of Cilium's identity. */
  readonly clusterName: string;
  /** Version of the Cilium chart. */
  readonly cilium: string;
  /** Pod network in CIDR form. */
  readonly pods: string;
  /** Network interface of the machines on the LAN, and its MTU. */
  readonly interface: string;
  readonly mtu: number;
  /** Whether ClusterIPs answer from outside of the cluster. */
  readonly exposeServices: boolean;
  /** Addresses of LoadBalancer services. */
  readonly loadBalancers: AddressPool;
  /** The peering that announces services; without it they are announced on the LAN itself, by ARP. */
  readonly bgp?: BgpPlan;
  /** Whether Cilium's agents tell of themselves. */
  readonly metrics: boolean;
  /** The machines of all nodes; the first is a server, where the cluster's state is read. */
  readonly nodes: readonly [ReachedMachine, ...ReachedMachine[]];
}

/** Cilium with its way to announce services. Ready once every node is. The cluster's provider is that of `opts.providers`. */
export class Network extends ComponentResource {
  /** The step that saw every node Ready: workloads depend on it. */
  readonly ready: Resource;

  constructor(name: string, args: NetworkArgs, opts?: ComponentResourceOptions) {
    super("homelab:network:Network", name, {}, opts);
    const announced = announcements(args);
    const release = this.cilium(args);
    this.ready = this.waitForNodes(name, args, announced, release);
    this.announce(announced, this.passwords(args, this.ready));
    this.registerOutputs({});
  }

  private cilium(args: NetworkArgs): Resource {
    return helmRelease(
      "cilium",
      {
        name: "cilium",
        namespace: "kube-system",
        chart: "cilium",
        version: args.cilium,
        repositoryOpts: { repo: ciliumCharts },
        values: ciliumValues({
          version: args.cilium,
          pods: args.pods,
          nodes: args.nodes.length,
          clusterName: args.clusterName,
          interface: args.interface,
          mtu: args.mtu,
          exposeServices: args.exposeServices,
          announce: args.bgp === undefined ? "l2" : "bgp",
          metrics: args.metrics,
        }),
        timeout: 900,
      },
      {
        parent: this,
        ignoreChanges: ["values.upgradeCompatibility"],
        hooks: {
          beforeUpdate: [
            releaseStepHook(products.cilium, args.cilium),
            nodesReadyHook("cilium", args.nodes),
            imagePullHook(args.cilium, args.nodes),
          ],
        },
      },
    );
  }

  /** The chart brings no resource kinds; its running operator does, after the release counts as installed. */
  private waitForNodes(
    name: string,
    args: NetworkArgs,
    announced: readonly CiliumResource[],
    release: Resource,
  ): Resource {
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
          KINDS: [...new Set([...announced, ...policyKinds].map(definitionOf))].join(" "),
        },
        limitSeconds: 1800,
        after: [release],
      },
      { parent: this },
    ).done;
  }

  /** The Secrets that the sessions read their passwords from; without any, what is waited for before. */
  private passwords({ bgp }: NetworkArgs, after: Resource): readonly Resource[] {
    const secrets = (bgp?.peers ?? []).flatMap(({ name, password }) => {
      if (password === undefined) return [];
      const metadata = { name: passwordSecret.of({ name }), namespace: passwordSecret.namespace };
      return new Secret(
        `bgp-password-${name}`,
        { metadata, stringData: { [passwordSecret.key]: password } },
        { parent: this, dependsOn: [after] },
      );
    });
    return [after, ...secrets];
  }

  private announce(resources: readonly CiliumResource[], after: readonly Resource[]): void {
    for (const { version, kind, name, labels, spec } of resources) {
      new CustomResource(
        `${kind}-${name}`,
        {
          apiVersion: `cilium.io/${version}`,
          kind,
          metadata: { name, ...(labels ? { labels: { ...labels } } : {}) },
          spec,
        },
        { parent: this, dependsOn: [...after] },
      );
    }
  }
}

/** Cilium's resources that give services their addresses and announce them. */
function announcements(args: NetworkArgs): readonly CiliumResource[] {
  const pool = addressPool(args.loadBalancers);
  return args.bgp === undefined ? [l2Policy(args), pool] : [...bgpResources(args.bgp), pool];
}
