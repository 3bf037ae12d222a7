/** BGP between the nodes and the site's router. */
import type { SiteConfig } from "../../schema.ts";
import { tcpProblem } from "../../doctor/ask.ts";
import type { Check } from "../../doctor/check.ts";
import type { ClusterCommand, Examined } from "../../doctor/examined.ts";
import { ok, problem, warning, type Finding } from "../../doctor/finding.ts";
import { objects } from "../cluster/doctor.ts";
import { chart, type Release } from "../../doctor/releases.ts";
import { hubbleChecks } from "./doctor/hubble.ts";

/** Cilium's chart. */
export function networkReleases({ network }: Pick<SiteConfig, "network">): readonly Release[] {
  return [chart("https://helm.cilium.io", "cilium", network.cilium, "homelab:versions.cilium")];
}

/** The sessions of a cluster that is there, and the router's port. */
export function networkChecks({ config }: Examined, run: ClusterCommand): readonly Check[] {
  const { bgp } = config.network;
  return [
    {
      subject: "BGP",
      run: async () => {
        const [reason, peers] = await Promise.all([routerProblem(bgp), checkPeers(config, run)]);
        const established = peers.every(({ severity }) => severity === "ok");
        return [...peers, judgeRouterPort(bgp, reason, established ? "established" : "missing")];
      },
    },
    ...hubbleChecks(run),
  ];
}

/** The router's port alone, where there is no cluster to ask for its sessions. */
export function routerChecks({ config, isUp }: Examined): readonly Check[] {
  const { bgp } = config.network;
  const sessions = isUp ? "missing" : "none yet";
  return [
    {
      subject: `router ${bgp.routerAddress}`,
      run: async () => [judgeRouterPort(bgp, await routerProblem(bgp), sessions)],
    },
  ];
}

const routerProblem = ({ routerAddress }: Bgp): Promise<string | undefined> =>
  tcpProblem(routerAddress, 179);

/** The part of a CiliumBGPNodeConfig (cilium.io/v2) that tells of its sessions. */
export interface NodePeers {
  readonly metadata: { readonly name: string };
  readonly status?: {
    readonly bgpInstances?: readonly {
      readonly peers?: readonly { readonly peerAddress: string; readonly peeringState?: string }[];
    }[];
  };
}

type Bgp = Pick<SiteConfig["network"]["bgp"], "localAsn" | "routerAsn" | "routerAddress">;

/** Every node needs an established session. */
export function judgePeers(
  { localAsn, routerAsn, routerAddress }: Bgp,
  nodes: readonly string[],
  configs: readonly NodePeers[],
): readonly Finding[] {
  const remedy =
    `compare AS ${localAsn} (cluster) and ${routerAsn} (router), and ${routerAddress}, with the router's config ` +
    "(pulumi stack output router); a firewall may block TCP port 179";
  return nodes.map((node) => {
    const subject = `BGP of ${node}`;
    const peers = configs
      .filter(({ metadata }) => metadata.name === node)
      .flatMap(({ status }) => status?.bgpInstances ?? [])
      .flatMap((instance) => instance.peers ?? []);
    if (peers.length === 0) return problem(subject, "has no session with the router", remedy);
    const down = peers.filter(({ peeringState }) => peeringState !== "established");
    if (down.length === 0) return ok(subject, "established");
    const states = down.map(
      ({ peerAddress, peeringState }) => `${peerAddress} ${peeringState ?? "unknown"}`,
    );
    return problem(subject, `is not established: ${states.join(", ")}`, remedy);
  });
}

/**
 * Whether the router's port answers this workstation, which is no peer of it: a refusal is only a hint.
 * @param sessions of the nodes; `none yet` before the first `up`, which prints the router's config
 */
export function judgeRouterPort(
  { routerAddress }: Bgp,
  reason: string | undefined,
  sessions: "established" | "missing" | "none yet",
): Finding {
  const subject = `router ${routerAddress}, BGP port`;
  if (reason === undefined) return ok(subject, "answers");
  if (sessions === "established")
    return ok(subject, `does not answer this workstation (${reason}), and does the nodes`);
  if (sessions === "none yet")
    return ok(subject, `does not answer yet (${reason}); the first up prints the router's config`);
  return warning(
    subject,
    `TCP port 179 does not answer this workstation: ${reason}`,
    "a router may answer its peers alone; else turn its BGP on, with the config of pulumi stack output router",
  );
}

/** Asks the cluster for its sessions. */
async function checkPeers(
  { network, machines }: Pick<SiteConfig, "network" | "machines">,
  run: ClusterCommand,
): Promise<readonly Finding[]> {
  const configs = await objects<NodePeers>(run, "ciliumbgpnodeconfigs.cilium.io");
  return judgePeers(
    network.bgp,
    machines.map(({ name }) => name),
    configs,
  );
}
