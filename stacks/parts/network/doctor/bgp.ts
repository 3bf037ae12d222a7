/** BGP sessions between the nodes and the site's routers. */
import { ok, problem, warning, type Finding } from "../../../doctor/finding.ts";

/** The part of a CiliumBGPNodeConfig (cilium.io/v2) that tells of its sessions. */
export interface NodePeers {
  readonly metadata: { readonly name: string };
  readonly status?: {
    readonly bgpInstances?: readonly {
      readonly peers?: readonly { readonly peerAddress: string; readonly peeringState?: string }[];
    }[];
  };
}

/** The peering as the config has it. */
export interface Peering {
  readonly localAsn: number;
  readonly peers: readonly {
    readonly asn: number;
    readonly address: string;
    readonly password?: string;
  }[];
}

/** Every node needs an established session with each router. */
export function judgePeers(
  bgp: Peering,
  nodes: readonly string[],
  configs: readonly NodePeers[],
): readonly Finding[] {
  return nodes.map((node) => {
    const subject = `BGP of ${node}`;
    const sessions = configs
      .filter(({ metadata }) => metadata.name === node)
      .flatMap(({ status }) => status?.bgpInstances ?? [])
      .flatMap((instance) => instance.peers ?? []);
    const states = bgp.peers.map(
      (peer) => [peer, sessions.find(({ peerAddress }) => peerAddress === peer.address)] as const,
    );
    if (states.every(([, session]) => session === undefined))
      return problem(
        subject,
        "has no session with the router",
        `kubectl label node ${node} homelab/bgp-, where a restart was cut off; else ${remedy(bgp, bgp.peers)}`,
      );
    const down = states.filter(([, session]) => session?.peeringState !== "established");
    if (down.length === 0) return ok(subject, "established");
    const told = down.map(
      ([{ address }, session]) => `${address} ${session?.peeringState ?? "unknown"}`,
    );
    const concerned = down.map(([peer]) => peer);
    return problem(subject, `is not established: ${told.join(", ")}`, remedy(bgp, concerned));
  });
}

function remedy({ localAsn }: Peering, peers: Peering["peers"]): string {
  const routers = peers.map(({ asn, address }) => `${asn} (router), and ${address}`).join("; ");
  const password = peers.some((peer) => peer.password !== undefined) ? " and the password" : "";
  return (
    `compare AS ${localAsn} (cluster) and ${routers}${password}, with the router's config ` +
    "(pulumi stack output router); a firewall may block TCP port 179"
  );
}

/** Of the nodes; `none yet` before the first `up`, which prints the router's config. */
export type Sessions = "established" | "missing" | "none yet";

/** Whether a router's port answers this workstation, which is no peer of it: a refusal is only a hint. */
export function judgeRouterPort(
  address: string,
  reason: string | undefined,
  sessions: Sessions,
): Finding {
  const subject = `router ${address}, BGP port`;
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
