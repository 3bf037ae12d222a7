import type { MachinePlan, SitePlan } from "../components/proxmox/types.ts";
import type { ClusterPlan, NodePlan } from "../components/rke2/config.ts";
import type { RouterPlan } from "../components/network/router.ts";
import type { MachineConfig, SiteConfig } from "./schema.ts";

/** What the machines of a site share. */
export function sitePlan(name: string, { site, proxmox }: SiteConfig): SitePlan {
  return { name, ...site, dns: site.dns ?? [site.gateway], ...proxmox };
}

/** A machine as Proxmox sees it; hosts start servers before agents, in the config's order. */
export function machinePlan(machine: MachineConfig, index: number): MachinePlan {
  return { ...machine, startOrder: (machine.role === "server" ? 10 : 50) + index };
}

/** A machine as RKE2 sees it. */
export function nodePlan(machine: MachineConfig, generation: string): NodePlan {
  const { name, address, role, workloads } = machine;
  return { name, address, role, workloads, generation };
}

/** What all nodes share. */
export function clusterPlan(name: string, { site, cluster, network }: SiteConfig): ClusterPlan {
  const { pods, services, clusterDns, clusterDomain } = network;
  return { site: name, domain: site.domain, ...cluster, pods, services, clusterDns, clusterDomain };
}

/** The router's side of the peering. */
export function routerPlan(name: string, { machines, network }: SiteConfig): RouterPlan {
  const { bgp, pods, services, loadBalancers } = network;
  return {
    site: name,
    ...bgp,
    prefixes: [pods, services, loadBalancers],
    peers: machines.map((machine) => ({ name: machine.name, address: machine.address })),
  };
}
