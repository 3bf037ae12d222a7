/**
 * Who talks to whom, as data: each part says it of its own pods, and policies and docs/reachability pages are made of it.
 * The types leave no room for what Cilium refuses or silently never matches: a flow has one kind of peer (`toFQDNs` stand
 * in a rule of their own), names are no addresses, and the API server has no port to choose.
 */
import type { DnsName } from "./names.ts";

export type Protocol = "TCP" | "UDP";

/** A port of pods, as their containers listen: what a Service or a gateway translates has been translated before. */
export interface Port {
  readonly port: number;
  /** The last of a run of ports. */
  readonly end?: number;
  readonly protocol: Protocol;
}

export const tcp = (...ports: readonly number[]): readonly Port[] =>
  ports.map((port) => ({ port, protocol: "TCP" }));

export const udp = (...ports: readonly number[]): readonly Port[] =>
  ports.map((port) => ({ port, protocol: "UDP" }));

/** A port of a DNS server in both protocols: long answers come by TCP. */
export const dnsOn = (port: number): readonly Port[] => [...udp(port), ...tcp(port)];

/** Where DNS servers listen. */
export const dnsPorts = dnsOn(53);

/** Every port of a protocol. */
export const everyPort = (protocol: Protocol): readonly Port[] => [
  { port: 1, end: 65_535, protocol },
];

/** Pods of one namespace. */
export interface Pods {
  readonly kind: "pods";
  /** What people call them; `cloudflared`. */
  readonly title: string;
  readonly namespace: string;
  /** Labels that all of them have; every pod of the namespace without. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** The site's machines: the kubelet, the kernel's mounts, and pods on the machines' own network. */
export interface Nodes {
  readonly kind: "nodes";
}

/** The API servers. Cilium knows them by their own entity, behind the translation of the Service `kubernetes`. */
export interface ApiServer {
  readonly kind: "api-server";
}

/** Everything inside of the cluster: pods of all namespaces, and machines. */
export interface Cluster {
  readonly kind: "cluster";
}

/** Pods of all namespaces in which nothing is guarded: those that are not the site's own. */
export interface Others {
  readonly kind: "others";
}

/** Everything outside of the cluster: the LAN, its router and Proxmox, and the internet. */
export interface World {
  readonly kind: "world";
}

/** Networks outside of the cluster; Cilium matches neither pods nor machines by address. */
export interface Networks {
  readonly kind: "networks";
  readonly title: string;
  readonly networks: readonly Network[];
}

export interface Network {
  readonly cidr: string;
  /** Networks inside of it that are left out. */
  readonly except?: readonly string[];
}

/** Names outside of the cluster: a pod reaches the addresses that it was told when it asked for one of them. */
export interface Names {
  readonly kind: "names";
  readonly names: readonly DnsName[];
}

/** A request that is let through: method and path are regular expressions over the whole value. */
export interface HttpRule {
  readonly method?: string;
  readonly path?: string;
}

interface Reason {
  /** Why, in a few words for people. */
  readonly why: string;
}

interface OnPorts extends Reason {
  /** `all`: every port of every protocol. */
  readonly ports: readonly Port[] | "all";
  /** Requests that are let through, where the connection carries plain HTTP; all others get 403. */
  readonly http?: readonly HttpRule[];
}

/** One direction of talk; answers belong to it. */
export type Flow =
  | ({
      readonly from: Pods;
      readonly to: Pods | Nodes | Cluster | Others | World | Networks | Names;
    } & OnPorts)
  | ({ readonly from: Pods; readonly to: ApiServer } & Reason)
  | ({
      readonly from: Nodes | ApiServer | Cluster | Others | World | Networks;
      readonly to: Pods;
    } & OnPorts)
  | DnsOnly;

/** Names that pods may ask for without a connection to what they are told, such as records of services. */
export interface DnsOnly extends Reason {
  readonly from: Pods;
  readonly to: { readonly kind: "questions"; readonly names: readonly DnsName[] };
}

export type Peer = Flow["from"] | Flow["to"];

export const pods = (
  title: string,
  namespace: string,
  labels?: Readonly<Record<string, string>>,
): Pods => ({ kind: "pods", title, namespace, ...(labels === undefined ? {} : { labels }) });

export const nodes: Nodes = { kind: "nodes" };
export const apiServer: ApiServer = { kind: "api-server" };
export const cluster: Cluster = { kind: "cluster" };
export const others: Others = { kind: "others" };
export const world: World = { kind: "world" };

export const names = (...list: readonly DnsName[]): Names => ({ kind: "names", names: list });

/** Single addresses outside of the cluster. */
export const addresses = (list: readonly string[]): Networks => ({
  kind: "networks",
  title: list.join(", "),
  networks: list.map((address) => ({ cidr: `${address}/32` })),
});

/** Networks that no packet to the internet goes to: private ones, the tailnet's, and link-local with its metadata. */
const notTheInternet = [
  ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"],
  ...["172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/4", "240.0.0.0/4"],
];

/** All of the internet, and nothing of the site. */
export const internet: Networks = {
  kind: "networks",
  title: "the internet",
  networks: [{ cidr: "0.0.0.0/0", except: notTheInternet }],
};
