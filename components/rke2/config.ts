import type { Input } from "@pulumi/pulumi";
import { stringify } from "yaml";
import type { Machine, MachineSpec } from "../machine.ts";
import { authenticationFile, laterFile, toldLater, type ApiSignOn } from "./authentication.ts";
import type { Registries } from "./registries.ts";
import { releaseOf } from "./version-step.ts";

/** What a node's config says of its machine. */
type Node = Pick<Machine, "name" | "address" | "generation"> & Pick<MachineSpec, "kubeletArgs">;

/** What all nodes of a cluster share. */
export interface ClusterPlan {
  readonly site: string;
  readonly domain: string;
  /** RKE2 release, for example `v1.36.3+rke2r1`. */
  readonly version: string;
  /** Address of the control plane. */
  readonly vip: string;
  readonly kubeVip: { readonly version: string; readonly interface: string };
  readonly profile?: "cis";
  /** Further names and addresses of the API server's certificate. */
  readonly tlsSan: readonly string[];
  readonly registries: Registries<Input<string>>;
  /** Whether etcd, controller manager and scheduler answer with metrics at their node's address. */
  readonly metrics: boolean;
  /** How people sign on to the API servers; without it nobody does. */
  readonly signOn?: Input<ApiSignOn> | typeof toldLater;
  readonly snapshots: {
    readonly schedule: string;
    readonly retention: number;
    /** Whether they go to the store that the Secret of snapshot-store.ts names. */
    readonly s3: boolean;
  };
  /** Kubelet flags without dashes. */
  readonly kubeletArgs: Readonly<Record<string, string>>;
  /** Whether a device that a container is given belongs to the user that the container runs as. */
  readonly nonrootDevices: boolean;
  /** Whether nodes carry storage, and end what uses it before it when their machines shut down. */
  readonly carriesStorage: boolean;
  /** Pod and service networks in CIDR form, and the cluster's DNS. */
  readonly pods: string;
  readonly services: string;
  readonly clusterDns: string;
  readonly clusterDomain: string;
}

/** Secrets of a cluster: servers know both, agents only theirs. */
export interface Tokens {
  readonly server: string;
  readonly agent: string;
}

/** Name of the Secret in kube-system that says where snapshots go. */
export const storeSecret = "etcd-snapshot-store";

/** Label that tells a node's machine from its predecessors of the same name. */
export const generationLabel = "homelab/generation";

/**
 * A server's `config.yaml`. It is the same for every server: which one begins the cluster is decided on the machine,
 * for a machine that is built anew must join and not begin another.
 * @see https://docs.rke2.io/reference/server_config
 */
export function serverConfig(
  cluster: ClusterPlan,
  servers: readonly Pick<Machine, "name">[],
  node: Node,
  tokens: Tokens,
): string {
  return stringify({
    ...nodeConfig(cluster, node),
    token: tokens.server,
    "agent-token": tokens.agent,
    "tls-san": [
      cluster.vip,
      `${cluster.site}.${cluster.domain}`,
      ...servers.flatMap((server) => [server.name, `${server.name}.${cluster.domain}`]),
      ...cluster.tlsSan,
    ],
    cni: "none",
    "disable-kube-proxy": true,
    // A disabled chart is not enough: from 1.36 on RKE2 deploys Traefik where it is told of no controller.
    "ingress-controller": "none",
    ...gatewayKinds(cluster.version),
    "cluster-cidr": cluster.pods,
    "service-cidr": cluster.services,
    "cluster-dns": cluster.clusterDns,
    "cluster-domain": cluster.clusterDomain,
    "secrets-encryption": true,
    "write-kubeconfig-mode": "0600",
    "etcd-snapshot-schedule-cron": cluster.snapshots.schedule,
    "etcd-snapshot-retention": cluster.snapshots.retention,
    // Any further flag of the store would make RKE2 ignore the Secret.
    ...(cluster.snapshots.s3 ? { "etcd-s3": true, "etcd-s3-config-secret": storeSecret } : {}),
    ...(cluster.metrics ? metrics : {}),
    ...(cluster.signOn === undefined
      ? {}
      : {
          "kube-apiserver-arg": [
            `authentication-config=${cluster.signOn === toldLater ? laterFile : authenticationFile}`,
          ],
        }),
  });
}

/**
 * Keeps away RKE2's own chart of Gateway API's kinds, which the program owns: it would take them over, in the version that
 * RKE2 packages. Releases before 1.37 do not have it.
 * @see https://github.com/rancher/rke2/blob/master/docs/adrs/011-bundle-gatewayAPI.md
 */
function gatewayKinds(version: string): { readonly disable?: readonly string[] } {
  const [minor = 0] = releaseOf(version) ?? [];
  return minor < 37 ? {} : { disable: ["rke2-gateway-api-crd"] };
}

/**
 * The taints of a node, in kubectl's form. A server without workloads keeps everything away that does not tolerate it.
 * @see https://docs.rke2.io/install/ha#2a-optional-consider-server-taints
 */
export function nodeTaints({
  role,
  workloads,
  taints,
}: Pick<MachineSpec, "role" | "workloads" | "taints">): readonly string[] {
  return role === "server" && !workloads ? [serversOnly, ...taints] : taints;
}

/** The taint of a server that runs no ordinary pods. */
export const serversOnly = "CriticalAddonsOnly=true:NoExecute";

/**
 * Kubernetes' own word for a node that was shut down and does not come back soon (kubernetes.io, "Non-graceful node shutdown
 * handling"): its pods are deleted and its volumes detached at once. Without it both wait, and for a StatefulSet's pods as
 * long as the node is away: no second one may run beside one that nobody has seen end. A person sets it, and takes it away.
 */
export const outOfService = "node.kubernetes.io/out-of-service=nodeshutdown:NoExecute";

/**
 * What RKE2 reads when a node registers and never again, or an empty string: a new node has its taints before the first pod
 * comes. Those of a node that is there are brought about by a step of its own.
 * @see https://docs.rke2.io/advanced#node-labels-and-taints
 */
export function registrationConfig(
  node: Pick<MachineSpec, "role" | "workloads" | "taints">,
): string {
  const taints = nodeTaints(node);
  return taints.length === 0 ? "" : stringify({ "node-taint": taints });
}

/**
 * An agent's `config.yaml`.
 * @see https://docs.rke2.io/reference/linux_agent_config
 */
export function agentConfig(
  cluster: ClusterPlan,
  node: Node,
  tokens: Pick<Tokens, "agent">,
): string {
  return stringify({ ...nodeConfig(cluster, node), token: tokens.agent });
}

/** Ports 2381, 10257 and 10259: https://docs.rke2.io/reference/server_config */
const metrics = {
  "etcd-expose-metrics": true,
  "kube-controller-manager-arg": ["bind-address=0.0.0.0"],
  "kube-scheduler-arg": ["bind-address=0.0.0.0"],
} as const;

/** Folder of a release's files at its publisher. */
export function releaseUrl(version: string): string {
  return `https://github.com/rancher/rke2/releases/download/${encodeURIComponent(version)}`;
}

/** A node's kubelet flags without dashes: its own win over those of all. */
export function kubeletFlags(
  cluster: Pick<ClusterPlan, "kubeletArgs">,
  node: Pick<MachineSpec, "kubeletArgs">,
): Readonly<Record<string, string>> {
  return { ...cluster.kubeletArgs, ...node.kubeletArgs };
}

function nodeConfig(cluster: ClusterPlan, node: Node): Record<string, unknown> {
  const args = Object.entries(kubeletFlags(cluster, node));
  return {
    "node-name": node.name,
    "node-ip": node.address,
    "node-label": [`${generationLabel}=${node.generation}`],
    ...(args.length > 0 ? { "kubelet-arg": args.map(([key, value]) => `${key}=${value}`) } : {}),
    ...(cluster.profile === undefined ? {} : { profile: cluster.profile }),
    // containerd's device_ownership_from_security_context (k3s, pkg/agent/templates/templates.go). Else a device keeps the owner
    // that it has on the machine: root and a group whose number Debian gives as it comes.
    ...(cluster.nonrootDevices ? { "nonroot-devices": true } : {}),
  };
}
