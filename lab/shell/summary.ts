/** What `npm start` ends with: the site as its own API tells it. */
import { table } from "../host/table.ts";

/** The part of a Node that the summary shows. */
export interface NodeObject {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly status: {
    readonly nodeInfo: { readonly kubeletVersion: string };
    readonly addresses: readonly { readonly type: string; readonly address: string }[];
    readonly conditions: readonly { readonly type: string; readonly status: string }[];
  };
}

/** The part of a CiliumBGPNodeConfig (cilium.io/v2) that `cilium bgp peers` shows. */
export interface BgpNodeConfig {
  readonly metadata: { readonly name: string };
  readonly status?: {
    readonly bgpInstances?: readonly {
      readonly localASN?: number;
      readonly peers?: readonly {
        readonly peerAddress: string;
        readonly peerASN?: number;
        readonly peeringState?: string;
        readonly establishedTime?: string;
        readonly routeCount?: readonly {
          readonly afi: string;
          readonly safi: string;
          readonly received?: number;
          readonly advertised?: number;
        }[];
      }[];
    }[];
  };
}

/** Go's duration form in whole seconds, for example `4h10m42s`. */
export function duration(milliseconds: number): string {
  const total = Math.max(0, Math.floor(milliseconds / 1000));
  const [hours, minutes, seconds] = [
    Math.floor(total / 3600),
    Math.floor(total / 60) % 60,
    total % 60,
  ];
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}

/** Roles of a node from its labels, as `kubectl get nodes` reads them; an agent has none. */
export function roles(node: NodeObject): string {
  const prefix = "node-role.kubernetes.io/";
  const found = Object.keys(node.metadata.labels ?? {})
    .filter((label) => label.startsWith(prefix))
    .map((label) => label.slice(prefix.length))
    .sort();
  return found.length === 0 ? "agent" : found.join(",");
}

export function nodeTable(nodes: readonly NodeObject[]): string {
  const rows = nodes.map((node) => [
    node.metadata.name,
    node.status.conditions.some(({ type, status }) => type === "Ready" && status === "True")
      ? "Ready"
      : "NotReady",
    roles(node),
    node.status.nodeInfo.kubeletVersion,
    node.status.addresses.find(({ type }) => type === "InternalIP")?.address ?? "",
  ]);
  return table([["Node", "Status", "Roles", "Version", "Address"], ...rows]);
}

/** The sessions in the columns of `cilium bgp peers`. */
export function bgpTable(configs: readonly BgpNodeConfig[], now: Date): string {
  const rows = configs.flatMap(({ metadata, status }) =>
    (status?.bgpInstances ?? []).flatMap((instance) =>
      (instance.peers ?? []).flatMap((peer) => {
        const up =
          peer.establishedTime === undefined || peer.peeringState !== "established"
            ? "0s"
            : duration(now.getTime() - Date.parse(peer.establishedTime));
        const families = peer.routeCount ?? [];
        return (families.length > 0 ? families : [{ afi: "-", safi: "-" }]).map((family) => [
          metadata.name,
          String(instance.localASN ?? ""),
          String(peer.peerASN ?? ""),
          peer.peerAddress,
          peer.peeringState ?? "unknown",
          up,
          `${family.afi}/${family.safi}`,
          String(("received" in family ? family.received : undefined) ?? 0),
          String(("advertised" in family ? family.advertised : undefined) ?? 0),
        ]);
      }),
    ),
  );
  const heading = [
    "Node",
    "Local AS",
    "Peer AS",
    "Peer Address",
    "Session State",
    "Uptime",
    "Family",
    "Received",
    "Advertised",
  ];
  return table([heading, ...rows]);
}
