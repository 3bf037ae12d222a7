import { Network } from "../../../components/network/network.ts";
import type { RouterPlan } from "../../../components/network/router.ts";
import type { RunningCluster } from "../../../components/workload/running-cluster.ts";
import type { Site, SiteFile } from "../../open-site.ts";
import type { SiteCluster } from "../cluster/deploy.ts";

/** Gives the cluster its network, and its peering with the router. */
export function deployNetwork(
  { name, config: { network } }: Site,
  { nodes, kubernetes }: SiteCluster,
): RunningCluster {
  const { ready } = new Network(
    name,
    {
      clusterName: name,
      cilium: network.cilium,
      pods: network.pods,
      bgp: { ...network.bgp, loadBalancers: network.loadBalancers },
      nodes,
    },
    { providers: [kubernetes] },
  );
  return { ready, kubernetes };
}

/** The router's side of the peering. */
export function routerPlan({ name, config: { machines, network } }: SiteFile): RouterPlan {
  const { bgp, pods, services, loadBalancers } = network;
  return {
    site: name,
    ...bgp,
    prefixes: [pods, services, loadBalancers],
    peers: machines.map((machine) => ({ name: machine.name, address: machine.address })),
  };
}
