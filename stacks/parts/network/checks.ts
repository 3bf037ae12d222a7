import { unique } from "../../config/lists.ts";
import type { Problem } from "../../../components/problem.ts";
import type { SiteConfig } from "../../schema.ts";
import { addressNumber, cidrRange, contains } from "../../../components/network/cidr.ts";
import { poolRange, poolText } from "../../../components/network/pool.ts";
import { placedAddresses } from "../site/checks.ts";

/** Numbers that IANA keeps from use (special-purpose AS numbers registry): RFC 7607, 4893, 5398, 7300. */
const reserved = [
  { first: 0, last: 0 },
  { first: 23_456, last: 23_456 },
  { first: 64_496, last: 64_511 },
  { first: 65_535, last: 131_071 },
  { first: 4_294_967_295, last: 4_294_967_295 },
];

/** What is wrong with an autonomous system number, or undefined. */
export function asnProblem(asn: number): string | undefined {
  if (asn < 0 || asn > 4_294_967_295)
    return `${asn} is no AS number; use 64512 to 65534 (RFC 6996)`;
  if (reserved.some((range) => asn >= range.first && asn <= range.last)) {
    return `${asn} is reserved by IANA; use 64512 to 65534 or 4200000000 to 4294967294 (RFC 6996)`;
  }
  return undefined;
}

/** Services are announced in one way, the pool of their addresses fits it, and routers can be peered with. */
export function checkNetwork(config: SiteConfig): readonly Problem[] {
  return [...release(config), ...announcement(config), ...pool(config), ...peering(config)];
}

/** The first minor that has all of the values and kinds which the program writes; Cilium's chart takes others in silence. */
const oldestCilium = 19;

function release({ network }: SiteConfig): readonly Problem[] {
  const minor = Number(/^1\.(\d+)\./.exec(network.cilium)?.[1]);
  if (minor >= oldestCilium) return [];
  const text = `${network.cilium} does not know all that is written for 1.${oldestCilium}, such as \`localRedirectPolicies\`; use 1.${oldestCilium} or newer`;
  return [{ path: "homelab:versions.cilium", text }];
}

function announcement({ network: { bgp, l2 } }: SiteConfig): readonly Problem[] {
  if (bgp !== undefined && l2) {
    const text =
      "announces load balancers on the LAN, and homelab:network.bgp to the router; keep one of the two";
    return [{ path: "homelab:network.l2", text }];
  }
  if (bgp !== undefined || l2) return [];
  const text =
    "is missing; name the router that speaks BGP, or set homelab:network.l2 where none does";
  return [{ path: "homelab:network.bgp", text }];
}

const poolPath = "homelab:network.loadBalancers";

/** On the LAN itself, services' addresses are taken from it, and from nobody who has one. */
function pool(config: SiteConfig): readonly Problem[] {
  const { loadBalancers, l2 } = config.network;
  const range = poolRange(loadBalancers);
  const problem = (text: string): readonly Problem[] => [{ path: poolPath, text }];
  if (range.last < range.first)
    return problem(`${poolText(loadBalancers)} ends before it begins; exchange start and stop`);
  if (!l2) return [];
  const lan = cidrRange(config.site.lan);
  if (range.first < lan.first || range.last > lan.last) {
    return problem(
      `${poolText(loadBalancers)} is not in ${config.site.lan} of homelab:site.lan, where homelab:network.l2 announces it; use addresses of the LAN that nothing has, as in { start: ..., stop: ... }`,
    );
  }
  const ends = typeof loadBalancers === "string" ? [] : [lan.first, lan.last];
  if (ends.some((end) => end >= range.first && end <= range.last)) {
    return problem(
      `${poolText(loadBalancers)} holds the network or broadcast address of ${config.site.lan}; leave both out`,
    );
  }
  const dns = config.site.dns ?? [];
  const others = dns.map((address, i) => ({ path: `homelab:site.dns[${i}]`, address }));
  return [...placedAddresses(config), ...others]
    .filter(({ address }) => {
      const number = addressNumber(address);
      return number >= range.first && number <= range.last;
    })
    .flatMap(({ path, address }) =>
      problem(
        `${poolText(loadBalancers)} holds ${address} of ${path}; choose addresses that nothing has`,
      ),
    );
}

type Bgp = NonNullable<SiteConfig["network"]["bgp"]>;

/** Where the file says something of a router. */
function peerPath(bgp: Bgp, index: number, key: "name" | "asn" | "address"): string {
  const path = "homelab:network.bgp";
  const single = { name: "routerAddress", asn: "routerAsn", address: "routerAddress" };
  return bgp.routerAddress === undefined
    ? `${path}.peers[${index}].${key}`
    : `${path}.${single[key]}`;
}

/** AS numbers can be used and differ (the sessions are external BGP), and each router stands outside the cluster. */
function peering(config: SiteConfig): readonly Problem[] {
  const { bgp } = config.network;
  if (bgp === undefined) return [];
  const localAsn = asnProblem(bgp.localAsn);
  const list = "homelab:network.bgp.peers";
  const { peers } = bgp;
  return [
    ...(localAsn === undefined ? [] : [{ path: "homelab:network.bgp.localAsn", text: localAsn }]),
    ...unique(
      list,
      "name",
      peers.map(({ name }) => name),
    ),
    ...unique(
      list,
      "address",
      peers.map(({ address }) => address),
    ),
    ...peers.flatMap((_, i) => [...peerAsn(bgp, i), ...peerAddress(config, bgp, i)]),
  ];
}

function peerAsn(bgp: Bgp, index: number): readonly Problem[] {
  const asn = bgp.peers[index]?.asn ?? 0;
  const path = peerPath(bgp, index, "asn");
  const text = asnProblem(asn);
  return [
    ...(text === undefined ? [] : [{ path, text }]),
    ...(asn === bgp.localAsn
      ? [{ path, text: `${asn} is also the cluster's; use two numbers` }]
      : []),
  ];
}

function peerAddress(config: SiteConfig, bgp: Bgp, index: number): readonly Problem[] {
  const { pods, services, loadBalancers } = config.network;
  const address = bgp.peers[index]?.address ?? "";
  const path = peerPath(bgp, index, "address");
  const pooled = poolRange(loadBalancers);
  const number = addressNumber(address);
  const inside = [
    ...Object.entries({ pods, services }).filter(([, cidr]) => contains(cidr, address)),
    ...(number >= pooled.first && number <= pooled.last
      ? [["loadBalancers", poolText(loadBalancers)]]
      : []),
  ];
  const onMachine = config.machines.find((machine) => machine.address === address);
  const problems = inside.map(([name, cidr]) => ({
    path,
    text: `${address} lies in ${cidr} of homelab:network.${name}; the router must stand outside`,
  }));
  if (onMachine === undefined && address !== config.cluster.vip) return problems;
  const text = `${address} belongs to ${onMachine?.name ?? "the control plane"}; use the router's own address`;
  return [...problems, { path, text }];
}
