import { Network } from "../../../components/network/network.ts";
import { poolNetworks } from "../../../components/network/pool.ts";
import type { RouterPlan } from "../../../components/network/router.ts";
import type { RunningCluster } from "../../../components/workload/running-cluster.ts";
import type { Site } from "../../open-site.ts";
import type { SiteConfig } from "../../schema.ts";
import type { SiteCluster } from "../cluster/deploy.ts";

/** Gives the cluster its network, and makes it known to the router or to the LAN. */
export function deployNetwork(
  { name, config: { site, machines, cluster, network, monitoring }, secrets }: Site,
  { nodes, kubernetes }: SiteCluster,
): RunningCluster {
  const { cilium, pods, loadBalancers, exposeServices, bgp } = network;
  const { ready } = new Network(
    name,
    {
      clusterName: name,
      cilium,
      pods,
      loadBalancers,
      exposeServices,
      interface: cluster.kubeVip.interface,
      mtu: podMtu({ site, machines }),
      bgp: bgp && {
        localAsn: bgp.localAsn,
        exposeServices,
        peers: bgp.peers.map(({ password, ...peer }) => ({
          ...peer,
          ...(password === undefined ? {} : { password: secrets.get(password) }),
        })),
      },
      metrics: monitoring !== undefined,
      nodes,
    },
    { providers: [kubernetes] },
  );
  return { ready, kubernetes };
}

/** What every node's interface on the LAN carries: pods of one reach those of another without a tunnel. */
export function podMtu({ site, machines }: Pick<SiteConfig, "site" | "machines">): number {
  return Math.min(...machines.map(({ network }) => network?.mtu ?? site.mtu ?? ethernetMtu));
}

/** MTU of Ethernet where nobody says otherwise. */
const ethernetMtu = 1500;

/** The routers' side of the peering, one plan a router; none where nobody is peered with. */
export function routerPlans({
  name,
  config: { machines, network },
  secrets,
}: Pick<Site, "name" | "config"> & {
  readonly secrets: Pick<Site["secrets"], "reveal">;
}): readonly RouterPlan[] {
  const { bgp, pods, services, loadBalancers, exposeServices } = network;
  return (bgp?.peers ?? []).map(({ address, asn, password }) => ({
    site: name,
    localAsn: bgp?.localAsn ?? 0,
    routerAsn: asn,
    routerAddress: address,
    ...(password === undefined ? {} : { password: secrets.reveal(password) }),
    prefixes: [pods, ...(exposeServices ? [services] : []), ...poolNetworks(loadBalancers)],
    peers: machines.map((machine) => ({ name: machine.name, address: machine.address })),
  }));
}
