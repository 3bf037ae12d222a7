/** Networks, VLANs and routers of two sites. */
import { meet, overlap, type Range } from "../../components/network/cidr.ts";
import { poolNetworks, poolRange, poolText } from "../../components/network/pool.ts";
import type { SiteFile } from "../open-site.ts";
import { disjoint, type Claim, type Clash, type Judge } from "./rule.ts";
import { sharedRouters, shareProxmox, shareSegment, shareTailnet } from "./shared.ts";

/** Networks of a cluster; announced by ARP its load balancers are a part of the LAN. */
function clusterNetworks({ config: { network } }: SiteFile): readonly Claim[] {
  const { pods, services, loadBalancers, l2 } = network;
  return [
    { path: "homelab:network.pods", value: pods },
    { path: "homelab:network.services", value: services },
    ...(l2 ? [] : poolNetworks(loadBalancers)).map((value) => ({
      path: "homelab:network.loadBalancers",
      value,
    })),
  ];
}

/** What a Connector leads to: the site's networks, and what is written beyond them. */
function routedNetworks(site: SiteFile): readonly Claim[] {
  const { lan } = site.config.site;
  const own = [{ path: "homelab:site.lan", value: lan }, ...clusterNetworks(site)];
  const written = (site.config.tailnet?.connector.routes ?? []).map((value, i) => ({
    path: `homelab:tailnet.connector.routes[${i}]`,
    value,
  }));
  return [...own, ...written.filter(({ value }) => !own.some((one) => overlap(one.value, value)))];
}

/** Of one tailnet no two sites have the same network: its devices know one way to each. */
export const tailnetNetworks: Judge = disjoint({
  meet: shareTailnet,
  of: routedNetworks,
  collide: overlap,
  why: "the tailnet would send one site's traffic to the other. Give one of them another network; where they are of two tailnets, name each in homelab:tailnet.tailnet",
});

/** At one router no two clusters announce the same network. */
export const routerNetworks: Judge = disjoint({
  meet: (one, other) => !shareTailnet(one, other) && sharedRouters(one, other).length > 0,
  of: clusterNetworks,
  collide: overlap,
  why: "their router would send one cluster's traffic to the other. Give one of them another network",
});

/** One LAN may have the machines of two sites, each at addresses of its own. */
export const lanAddresses: Judge = (one, other) => {
  if (!shareSegment(one, other)) return [];
  return placed(one).flatMap((mine) =>
    placed(other)
      .filter(({ range }) => meet(mine.range, range))
      .map((theirs): Clash => {
        const met = mine.value === theirs.value ? mine.value : `${mine.value} and ${theirs.value}`;
        return {
          at: { site: one.name, path: mine.path },
          against: { site: other.name, path: theirs.path },
          text: `both have ${met} on one LAN; give one of them another address`,
        };
      }),
  );
};

/** Addresses that a site's machines answer at. */
function placed({ config }: SiteFile): readonly (Claim & { readonly range: Range })[] {
  const { machines, cluster, network } = config;
  const addresses = [
    ...machines.map(({ address }, i) => ({
      path: `homelab:machines[${i}].address`,
      value: address,
    })),
    { path: "homelab:cluster.vip", value: cluster.vip },
  ].map((claim) => ({ ...claim, range: poolRange({ start: claim.value, stop: claim.value }) }));
  const { loadBalancers, l2 } = network;
  const pool = {
    path: "homelab:network.loadBalancers",
    value: poolText(loadBalancers),
    range: poolRange(loadBalancers),
  };
  return l2 ? [...addresses, pool] : addresses;
}

/** A segment carries one LAN, and a LAN lies in one segment: its hosts would not hear each other's ARP. */
export const vlans: Judge = (one, other) => {
  if (!shareProxmox(one, other)) return [];
  const [a, b] = [one.config, other.config];
  const same = shareSegment(one, other);
  const clash = (path: string, text: string): readonly Clash[] => [
    { at: { site: one.name, path }, against: { site: other.name, path }, text },
  ];
  const tag = (vlan: number | undefined): string =>
    vlan === undefined ? "no VLAN" : `VLAN ${vlan}`;
  if (same && a.site.lan !== b.site.lan)
    return clash(
      "homelab:site.vlan",
      `${a.site.lan} and ${b.site.lan} share ${a.proxmox.bridge} with ${tag(a.site.vlan)}, where each hears the other; give one of them another VLAN`,
    );
  if (!same && a.proxmox.bridge === b.proxmox.bridge && overlap(a.site.lan, b.site.lan))
    return clash(
      "homelab:site.lan",
      `${a.site.lan} with ${tag(a.site.vlan)} and ${b.site.lan} with ${tag(b.site.vlan)} overlap at ${a.proxmox.bridge}, and no router leads to both; give one of them another LAN, or both the same VLAN`,
    );
  return [];
};

/** A router has one AS number, and knows a cluster by the cluster's. */
export const asNumbers: Judge = (one, other) =>
  sharedRouters(one, other).flatMap((address) => {
    const [mine, theirs] = [peerOf(one, address), peerOf(other, address)];
    if (mine === undefined || theirs === undefined) return [];
    const clash = (key: "asn" | "localAsn", text: string): Clash => ({
      at: { site: one.name, path: mine.paths[key] },
      against: { site: other.name, path: theirs.paths[key] },
      text,
    });
    return [
      ...(mine.asn === theirs.asn
        ? []
        : [
            clash(
              "asn",
              `the router ${address} has one AS number, and the files say ${mine.asn} and ${theirs.asn}: the sessions of one site would not come up. Write its own in both`,
            ),
          ]),
      ...(mine.localAsn === theirs.localAsn
        ? [
            clash(
              "localAsn",
              `both clusters call themselves AS ${mine.localAsn} at the router ${address}, which would take one's routes for the other's own; give one of them another number of 64512 to 65534`,
            ),
          ]
        : []),
    ];
  });

/** What a site says of a router, and where. */
function peerOf({ config: { network } }: SiteFile, address: string) {
  const { bgp } = network;
  const i = bgp?.peers.findIndex((peer) => peer.address === address) ?? -1;
  const asn = bgp?.peers[i]?.asn;
  if (bgp === undefined || asn === undefined) return undefined;
  const root = "homelab:network.bgp";
  return {
    ...{ asn, localAsn: bgp.localAsn },
    paths: {
      asn: bgp.routerAddress === undefined ? `${root}.peers[${i}].asn` : `${root}.routerAsn`,
      localAsn: `${root}.localAsn`,
    },
  };
}
