import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import { DaemonSet } from "@pulumi/kubernetes/apps/v1/daemonSet.js";
import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap.js";
import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import { NetworkPolicy } from "@pulumi/kubernetes/networking/v1/networkPolicy.js";
import { ComponentResource, type ComponentResourceOptions, type Resource } from "@pulumi/pulumi";
import type { ReachedMachine } from "../machine.ts";
import { nodesReadyHook } from "../network/nodes-ready.ts";
import { RemoteStep } from "../remote/remote-step.ts";
import { scriptText } from "../remote/shell.ts";
import { rke2Script } from "../rke2/scripts.ts";
import { askScript } from "./ask.ts";
import { cacheLabels, cacheName, cacheSpec } from "./cache-pods.ts";
import { cachePorts, nodeCorefile, type CorefilePlan } from "./corefile.ts";
import { clusterDnsService, dnsPorts, localRedirect, questionsAllowed } from "./redirect.ts";

const readyScript = rke2Script + askScript + scriptText(import.meta.url, "cache-ready.sh");

export interface NodeLocalDnsArgs extends CorefilePlan {
  /** Release of node-cache, for example `1.26.8`. */
  readonly version: string;
  /** Address of the cluster's DNS, which pods ask. */
  readonly clusterDns: string;
  /** Whether RKE2 closes kube-system to the pods of other namespaces, as it does with the CIS profile. */
  readonly closed: boolean;
  /** The machines of all nodes. */
  readonly nodes: readonly ReachedMachine[];
}

const upstreamService = "kube-dns-upstream";

/**
 * A cache of DNS on every node, which the node's pods meet at the address of the cluster's DNS. Ready once a name that each
 * machine asked for there was answered by the cache beside it. The cluster's provider is that of `opts.providers`, and
 * `opts.dependsOn` says after what pods run.
 */
export class NodeLocalDns extends ComponentResource {
  constructor(name: string, args: NodeLocalDnsArgs, opts?: ComponentResourceOptions) {
    super("homelab:dns:NodeLocalDns", name, {}, opts);
    const upstream = this.upstream(name, args);
    const caches = this.caches(name, args, upstream);
    const open = args.closed ? [this.opening(name)] : [];
    const redirect = this.redirect(name, [caches, ...open]);
    for (const machine of args.nodes) this.proof(machine, args, redirect);
    this.registerOutputs({});
  }

  /** A way to the cluster's DNS that nothing redirects. */
  private upstream(name: string, { upstream }: NodeLocalDnsArgs): Resource {
    return new Service(
      `${name}-upstream`,
      {
        metadata: {
          name: upstreamService,
          namespace: clusterDnsService.namespace,
          labels: cacheLabels,
          annotations: { "pulumi.com/skipAwait": "true" },
        },
        spec: {
          clusterIP: upstream,
          selector: { ...clusterDnsService.selector },
          ports: dnsPorts.map((port) => ({ ...port, targetPort: port.port })),
        },
      },
      // A Service keeps its address for life, and its name and its address can be had once at a time.
      { parent: this, replaceOnChanges: ["spec.clusterIP"], deleteBeforeReplace: true },
    );
  }

  private caches(name: string, args: NodeLocalDnsArgs, upstream: Resource): Resource {
    const corefile = nodeCorefile(args);
    const metadata = {
      name: cacheName,
      namespace: clusterDnsService.namespace,
      labels: cacheLabels,
    };
    const config = new ConfigMap(
      `${name}-corefile`,
      { metadata, data: { Corefile: corefile } },
      { parent: this },
    );
    const { version } = args;
    return new DaemonSet(
      `${name}-caches`,
      { metadata, spec: cacheSpec({ version, configMap: cacheName, corefile }) },
      {
        parent: this,
        dependsOn: [upstream, config],
        hooks: { beforeUpdate: [nodesReadyHook(cacheName, args.nodes)] },
      },
    );
  }

  /** Before the redirect: pods that are sent to a closed cache look up nothing. */
  private opening(name: string): Resource {
    const metadata = {
      name: cacheName,
      namespace: clusterDnsService.namespace,
      labels: cacheLabels,
    };
    return new NetworkPolicy(
      `${name}-questions`,
      { metadata, spec: questionsAllowed(cacheLabels) },
      { parent: this },
    );
  }

  /** Cilium takes no changes of such a policy: another one replaces it, and the cluster's own DNS answers between. */
  private redirect(name: string, after: readonly Resource[]): Resource {
    return new CustomResource(
      `${name}-redirect`,
      {
        apiVersion: "cilium.io/v2",
        kind: "CiliumLocalRedirectPolicy",
        metadata: { name: cacheName, namespace: clusterDnsService.namespace, labels: cacheLabels },
        spec: localRedirect(cacheLabels),
      },
      {
        parent: this,
        dependsOn: [...after],
        replaceOnChanges: ["spec"],
        deleteBeforeReplace: true,
      },
    );
  }

  private proof(machine: ReachedMachine, args: NodeLocalDnsArgs, after: Resource): void {
    new RemoteStep(
      `${machine.name}-dns`,
      {
        machine,
        title: "dns",
        script: readyScript,
        parameters: {
          NODE: machine.name,
          CLUSTER_DNS: args.clusterDns,
          NAME: `kubernetes.default.svc.${args.clusterDomain}`,
          METRICS_PORT: String(cachePorts.metrics),
          // Not read: another release or Corefile has to be proven again.
          CACHE: `${args.version}\n${nodeCorefile(args)}`,
        },
        limitSeconds: 300,
        after: [after],
      },
      { parent: this },
    );
  }
}
