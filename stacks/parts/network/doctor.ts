/** How the site's network is made known: BGP with the routers, or announcements on the LAN. */
import { ciliumCharts } from "../../../components/network/cilium-values.ts";
import type { SiteConfig } from "../../schema.ts";
import { answerProblem, tcpProblem } from "../../doctor/ask.ts";
import type { Check } from "../../doctor/check.ts";
import type { ClusterCommand, Examined } from "../../doctor/examined.ts";
import { objects } from "../../doctor/kubectl.ts";
import { chart, type Release } from "../../doctor/releases.ts";
import { judgePeers, judgeRouterPort, type NodePeers, type Sessions } from "./doctor/bgp.ts";
import {
  judgeAnswer,
  judgeLeases,
  publishedService,
  type LeaseInForce,
  type ServiceInForce,
} from "./doctor/load-balancers.ts";
import { hubbleChecks } from "./doctor/hubble.ts";

/** Cilium's chart. */
export function networkReleases({ network }: Pick<SiteConfig, "network">): readonly Release[] {
  return [chart(ciliumCharts, "cilium", network.cilium, "homelab:versions.cilium")];
}

/** Sessions or announcements of a cluster that is there, the routers' ports, and one connection to a load balancer. */
export function networkChecks({ config }: Examined, run: ClusterCommand): readonly Check[] {
  const { bgp } = config.network;
  return [
    ...(bgp === undefined ? [] : [{ subject: "BGP", run: () => bgpFindings(config, bgp, run) }]),
    {
      subject: "load balancers",
      run: async () => {
        const all = await objects<ServiceInForce>(run, "services");
        const one = publishedService(all);
        const reason = one && (await answerProblem(one.address, one.port));
        const leases = config.network.l2
          ? judgeLeases(
              all,
              await objects<LeaseInForce>(run, "leases.coordination.k8s.io"),
              nodesOf(config),
            )
          : [];
        return [...leases, judgeAnswer(config.network, one, reason)];
      },
    },
    ...hubbleChecks(run),
  ];
}

/** The routers' ports alone, where there is no cluster to ask for its sessions. */
export function routerChecks({ config, isUp }: Examined): readonly Check[] {
  const sessions = isUp ? "missing" : "none yet";
  return (config.network.bgp?.peers ?? []).map(({ address }) => ({
    subject: `router ${address}`,
    run: async () => [judgeRouterPort(address, await tcpProblem(address, 179), sessions)],
  }));
}

const nodesOf = ({ machines }: Pick<SiteConfig, "machines">): readonly string[] =>
  machines.map(({ name }) => name);

/** Asks the cluster for its sessions, and each router's port. */
async function bgpFindings(
  config: Pick<SiteConfig, "network" | "machines">,
  bgp: NonNullable<SiteConfig["network"]["bgp"]>,
  run: ClusterCommand,
) {
  const [configs, ...ports] = await Promise.all([
    objects<NodePeers>(run, "ciliumbgpnodeconfigs.cilium.io"),
    ...bgp.peers.map(({ address }) => tcpProblem(address, 179)),
  ]);
  const sessions = judgePeers(bgp, nodesOf(config), configs);
  const state: Sessions = sessions.every(({ severity }) => severity === "ok")
    ? "established"
    : "missing";
  return [
    ...sessions,
    ...bgp.peers.map(({ address }, i) => judgeRouterPort(address, ports[i], state)),
  ];
}
