import { all, interpolate, secret, type Output } from "@pulumi/pulumi";
import { PrivateKey } from "@pulumi/tls/privateKey.js";
import { Network } from "../components/network/network.ts";
import { routerConfig, type RouterConfig } from "../components/network/router.ts";
import { Fleet, type FleetMember } from "../components/proxmox/fleet.ts";
import { readInventory } from "../components/proxmox/inventory.ts";
import { Rke2Cluster, type ClusterNode } from "../components/rke2/cluster.ts";
import { checkMachines, freshGeneration } from "./machine-check.ts";
import { clusterPlan, nodePlan, routerPlan, sitePlan } from "./plans.ts";
import { kubernetesProvider, proxmoxProvider } from "./providers.ts";
import type { SiteConfig } from "./schema.ts";

/** What people need of a running site; the stack's outputs. */
export interface SiteOutputs {
  readonly site: string;
  /** RKE2 release. */
  readonly version: string;
  /** Address of the control plane. */
  readonly vip: string;
  readonly nodes: readonly {
    readonly name: string;
    readonly role: string;
    readonly address: string;
  }[];
  /** The peering router's config, for whoever loads it there. */
  readonly router: RouterConfig;
  /** Administrator's kubeconfig; secret. */
  readonly kubeconfig: Output<string>;
  /** Login key of root on every machine; secret. */
  readonly sshPrivateKey: Output<string>;
  /** Lines for ~/.ssh/known_hosts, one a machine. */
  readonly knownHosts: Output<string>;
}

/** Parts of a deployment that tests replace. */
export interface SiteDeps {
  /** Names a machine's new generation. */
  readonly fresh?: () => string;
}

/** Deploys a site, layer by layer. Throws before the first machine is touched when one of them may not be made. */
export async function deploySite(
  name: string,
  config: SiteConfig,
  deps: SiteDeps = {},
): Promise<SiteOutputs> {
  const proxmox = proxmoxProvider(config);
  const members = checkMachines(
    name,
    config,
    await readInventory(proxmox, config.proxmox.endpoint),
    deps.fresh ?? freshGeneration,
  );

  const login = new PrivateKey("login", { algorithm: "ED25519" });
  const fleet = new Fleet(
    name,
    { site: sitePlan(name, config), machines: members, loginKey: login.publicKeyOpenssh },
    { providers: [proxmox] },
  );

  const nodes = clusterNodes(config, members, fleet, login.privateKeyOpenssh);
  const servers = nodes.filter((node) => node.role === "server");
  const [first, ...further] = servers;
  if (first === undefined) throw new Error("the config was checked to have a server, but has none");
  const cluster = new Rke2Cluster(name, {
    cluster: clusterPlan(name, config),
    servers: [first, ...further],
    agents: nodes.filter((node) => node.role === "agent"),
  });

  new Network(name, {
    clusterName: name,
    cilium: config.network.cilium,
    pods: config.network.pods,
    bgp: { ...config.network.bgp, loadBalancers: config.network.loadBalancers },
    nodes: nodes.map((node) => node.name),
    server: first.machine,
    provider: kubernetesProvider(name, cluster.kubeconfig),
  });

  return {
    site: name,
    version: config.cluster.version,
    vip: config.cluster.vip,
    nodes: config.machines.map(({ name: node, role, address }) => ({ name: node, role, address })),
    router: routerConfig(routerPlan(name, config)),
    kubeconfig: cluster.kubeconfig,
    sshPrivateKey: secret(login.privateKeyOpenssh),
    knownHosts: all(
      nodes.map((node) => interpolate`${node.name},${node.address} ${node.machine.hostKey}\n`),
    ).apply((lines) => lines.join("")),
  };
}

function clusterNodes(
  config: SiteConfig,
  members: readonly FleetMember[],
  fleet: Fleet,
  privateKey: Output<string>,
): readonly ClusterNode[] {
  return config.machines.flatMap((machine) => {
    const member = members.find(({ name }) => name === machine.name);
    const made = fleet.machines.get(machine.name);
    if (member === undefined || made === undefined) return [];
    const { name, address } = machine;
    const { generation, offline } = member;
    return [
      {
        ...nodePlan(machine, generation),
        memoryMiB: machine.memoryMiB,
        machine: {
          name,
          address,
          privateKey,
          hostKey: made.hostKey,
          generation,
          offline,
          vm: made.vm,
        },
      },
    ];
  });
}
