import { output, secret, type Input, type Output } from "@pulumi/pulumi";
import type { MachineSpec, ReachedMachine } from "../machine.ts";
import { authenticationConfig, nobodySignsOn, toldLater } from "./authentication.ts";
import {
  agentConfig,
  kubeletFlags,
  registrationConfig,
  serverConfig,
  type ClusterPlan,
} from "./config.ts";
import { kubeVipManifest } from "./kube-vip.ts";
import { registriesConfig, registryCertificates, type Registries } from "./registries.ts";
import { kubeletShutdown, leaseOfServer } from "./shutdown.ts";

/** A machine as a node of the cluster. */
export type ClusterNode = ReachedMachine &
  Pick<
    MachineSpec,
    "workloads" | "memoryGiB" | "diskGiB" | "taints" | "kubeletArgs" | "pci" | "usb" | "ha"
  >;

/** What a node's settings are made of besides the node. */
export interface NodeSettings {
  readonly cluster: ClusterPlan;
  readonly servers: readonly [ClusterNode, ...ClusterNode[]];
  /** Changes exactly when the cluster's certificates are to be renewed; see renewal.ts. */
  readonly renews: string;
}

/** What a node lets itself be known by; secret. */
export interface NodeSecrets {
  readonly server: Output<string>;
  readonly agent: Output<string>;
  readonly password: Input<string>;
}

/**
 * What node.sh is told of a node. `joins` is `yes` or `no`: whether there is a cluster to join, or this node begins one.
 */
export function nodeParameters(
  { cluster, servers, renews }: NodeSettings,
  node: ClusterNode,
  mode: "join" | "apply",
  { server, agent, password }: NodeSecrets,
  joins: Input<string>,
): Readonly<Record<string, Input<string>>> {
  const isServer = node.role === "server";
  // HA gives a machine 60 s and then cuts it off (pve-ha-manager, Resources/PVEVM.pm, shutdown): nothing may make it slower.
  const ordered = cluster.carriesStorage && node.ha === undefined;
  const config = isServer
    ? output([server, agent]).apply(([forServers, forAgents]) =>
        serverConfig(cluster, servers, node, { server: forServers ?? "", agent: forAgents ?? "" }),
      )
    : agent.apply((forAgents) => agentConfig(cluster, node, { agent: forAgents }));
  return {
    ROLE: node.role,
    MODE: mode,
    NODE_NAME: node.name,
    NODE_PASSWORD: password,
    VERSION: cluster.version,
    VIP: cluster.vip,
    SITE: cluster.site,
    JOINS: joins,
    CONFIG: secret(config),
    AUTHENTICATION:
      isServer && cluster.signOn !== undefined && cluster.signOn !== toldLater
        ? output(cluster.signOn).apply(authenticationConfig)
        : "",
    PEOPLE: isServer && cluster.signOn === toldLater ? nobodySignsOn : "",
    KUBELET_FLAGS: Object.keys(kubeletFlags(cluster, node)).join(" "),
    REGISTRATION: registrationConfig(node),
    REGISTRIES: output(cluster.registries).apply((registries) =>
      registriesConfig(registries as Registries),
    ),
    REGISTRY_CAS: registryCertificates(cluster.registries),
    SHUTDOWN: ordered ? kubeletShutdown : "",
    LEASE: ordered && isServer ? leaseOfServer(servers.length) : "",
    KUBE_VIP: isServer ? kubeVipManifest({ ...cluster.kubeVip, vip: cluster.vip }) : "",
    // What a node has just joined with is young.
    RENEWS: mode === "apply" ? renews : "",
  };
}
