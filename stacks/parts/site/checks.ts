import ipaddr from "ipaddr.js";
import {
  addressNumber,
  canonicalCidr,
  cidrRange,
  contains,
  meet,
  tailscaleDevices,
} from "../../../components/network/cidr.ts";
import { isIn } from "../../../components/names/names.ts";
import { poolNetworks, poolRange, poolText } from "../../../components/network/pool.ts";
import type { Problem } from "../../../components/problem.ts";
import type { SiteConfig } from "../../schema.ts";

/** The site's networks can be used side by side, and every address has its place in one of them. */
export function checkSite(config: SiteConfig): readonly Problem[] {
  return [...networks(config), ...addresses(config), ...nameservers(config), ...domains(config)];
}

/** Machines ask for names before there is a cluster, and somebody else than themselves. */
function nameservers(config: SiteConfig): readonly Problem[] {
  const { site, network, cluster } = config;
  const dns = site.dns ?? [];
  // One in the cluster may stand beside another, which answers while the first does not yet.
  const lonely = dns.every((address) => runsInside(config, address) !== undefined);
  return dns.flatMap((address, i) => {
    const path = `homelab:site.dns[${i}]`;
    if (address === cluster.vip) {
      const text = `${address} is the address of the control plane, where nobody answers for names; use that of a server on the LAN or beyond`;
      return [{ path, text }];
    }
    const never = [network.pods, network.services, ...special].find((cidr) =>
      contains(cidr, address),
    );
    const inside = never ?? (lonely ? runsInside(config, address) : undefined);
    if (inside === undefined) return [];
    const text = `${address} is of ${inside}, where no machine finds a nameserver at its first start; use the address of a server on the LAN or beyond`;
    return [{ path, text }];
  });
}

/** The part of the site that has the address, where it answers only once there is a cluster. */
function runsInside({ machines, network }: SiteConfig, address: string): string | undefined {
  const { loadBalancers, l2 } = network;
  // On the LAN itself the pool is checked against what has its addresses.
  const pool = l2 ? [] : poolNetworks(loadBalancers);
  return (
    machines.find((machine) => machine.address === address)?.name ??
    pool.find((cidr) => contains(cidr, address))
  );
}

/** The cluster's DNS answers for all names of its own domain, and knows no machine. */
function domains({ site, network: { clusterDomain } }: SiteConfig): readonly Problem[] {
  if (!isIn(clusterDomain, site.domain)) return [];
  const text = `${site.domain} lies in ${clusterDomain} of homelab:network.clusterDomain, whose names are services alone; choose another`;
  return [{ path: "homelab:site.domain", text }];
}

interface Network {
  readonly path: string;
  readonly cidr: string;
  /** Longest prefix that leaves enough addresses. */
  readonly longest: number;
}

/** Networks are written without host bits, large enough for their use, and share no address. */
function networks(config: SiteConfig): readonly Problem[] {
  const { pods, services, loadBalancers, l2 } = config.network;
  const path = "homelab:network.loadBalancers";
  const all: readonly Network[] = [
    { path: "homelab:site.lan", cidr: config.site.lan, longest: 29 },
    { path: "homelab:network.pods", cidr: pods, longest: 24 },
    { path: "homelab:network.services", cidr: services, longest: 24 },
    ...(typeof loadBalancers === "string" ? [{ path, cidr: loadBalancers, longest: 30 }] : []),
  ];
  const ranges = [
    ...all.map((network) => ({ ...network, text: network.cidr, range: cidrRange(network.cidr) })),
    ...(typeof loadBalancers === "string"
      ? []
      : [{ path, text: poolText(loadBalancers), range: poolRange(loadBalancers) }]),
  ];
  // Announced by ARP, load balancers lie in the LAN; where, is checked beside their pool.
  const may = (a: string, b: string): boolean => l2 && a === path && b === "homelab:site.lan";
  const problems: Problem[] = all.flatMap((network) => form(network));
  for (const [index, one] of ranges.entries()) {
    if (meet(one.range, cidrRange(tailscaleDevices))) {
      problems.push({
        path: one.path,
        text: `${one.text} overlaps ${tailscaleDevices}, which Tailscale gives to devices; choose another network`,
      });
    }
    for (const other of ranges.slice(0, index)) {
      if (meet(one.range, other.range) && !may(one.path, other.path)) {
        problems.push({
          path: one.path,
          text: `${one.text} overlaps ${other.text} of ${other.path}; choose networks without common addresses`,
        });
      }
    }
  }
  return [...problems, ...nodeNetworks(config)];
}

/** Addresses of no network: this host's, loopback, link-local, multicast and reserved ones (RFC 6890, RFC 5771). */
const special = ["0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3"] as const;

/** What is wrong with a network by itself. */
function form({ path, cidr, longest }: Network): readonly Problem[] {
  const canonical = canonicalCidr(cidr);
  const [, prefix] = ipaddr.IPv4.parseCIDR(cidr);
  return [
    ...special
      .filter((none) => meet(cidrRange(cidr), cidrRange(none)))
      .map((none) => ({
        path,
        text: `${cidr} holds addresses of ${none}, which no network can have (RFC 6890); use a private one, such as of 10.0.0.0/8`,
      })),
    ...(canonical === cidr ? [] : [{ path, text: `${cidr} has host bits set; use ${canonical}` }]),
    ...(prefix > longest
      ? [{ path, text: `/${prefix} is too small; use /${longest} or shorter` }]
      : []),
  ];
}

/** Each node takes a network of its own out of the pods'. */
function nodeNetworks({ network: { pods }, machines }: SiteConfig): readonly Problem[] {
  const nodes = 2 ** Math.max(0, 24 - ipaddr.IPv4.parseCIDR(pods)[1]);
  if (machines.length <= nodes) return [];
  return [
    {
      path: "homelab:network.pods",
      text: `${pods} holds ${nodes} node networks of /24, the site has ${machines.length} machines`,
    },
  ];
}

interface Placed {
  readonly path: string;
  readonly address: string;
}

/** Every address that something of the site has on the LAN or beside it, in the config's order. */
export function placedAddresses(config: SiteConfig): readonly Placed[] {
  return [
    { path: "homelab:site.gateway", address: config.site.gateway },
    ...config.proxmox.hosts.map((host, i) => ({
      path: `homelab:proxmox.hosts[${i}].address`,
      address: host.address,
    })),
    ...config.machines.map((machine, i) => ({
      path: `homelab:machines[${i}].address`,
      address: machine.address,
    })),
    { path: "homelab:cluster.vip", address: config.cluster.vip },
  ];
}

/** Addresses lie inside the networks that they belong to, are usable there, and are used once. */
function addresses(config: SiteConfig): readonly Problem[] {
  const { lan } = config.site;
  const placed = placedAddresses(config);
  const away = placed.filter(
    ({ path, address }) => path.startsWith("homelab:proxmox.hosts") && !contains(lan, address),
  );
  return [
    ...placed
      .filter((item) => !away.includes(item))
      .flatMap((item) => outside(item, "homelab:site.lan", lan)),
    ...away.flatMap((item) => amongOwn(item, config)),
    ...repeated(placed),
    ...outside(
      { path: "homelab:network.clusterDns", address: config.network.clusterDns },
      "homelab:network.services",
      config.network.services,
    ),
    ...reservedDns(config),
  ];
}

/** Hosts may stand in a network of their own, but in none of the cluster's: its nodes would never send to them. */
function amongOwn({ path, address }: Placed, { network }: SiteConfig): readonly Problem[] {
  const { pods, services, loadBalancers } = network;
  const number = addressNumber(address);
  const { first, last } = poolRange(loadBalancers);
  return [
    ...Object.entries({ pods, services }).filter(([, cidr]) => contains(cidr, address)),
    ...(number >= first && number <= last ? [["loadBalancers", poolText(loadBalancers)]] : []),
  ].map(([name, cidr]) => ({
    path,
    text: `${address} lies in ${cidr} of homelab:network.${name}; a host stands outside of the cluster's networks`,
  }));
}

function outside(item: Placed, networkPath: string, cidr: string): readonly Problem[] {
  if (!contains(cidr, item.address)) {
    return [
      {
        path: item.path,
        text: `${item.address} is not in ${cidr}; use an address of ${networkPath}`,
      },
    ];
  }
  const range = cidrRange(cidr);
  const number = addressNumber(item.address);
  if (number === range.first || number === range.last) {
    return [
      {
        path: item.path,
        text: `${item.address} is the network or broadcast address of ${cidr}; use one between`,
      },
    ];
  }
  return [];
}

function repeated(placed: readonly Placed[]): readonly Problem[] {
  const seen = new Map<string, string>();
  return placed.flatMap(({ path, address }) => {
    const first = seen.get(address);
    if (first === undefined) {
      seen.set(address, path);
      return [];
    }
    return [{ path, text: `${address} is already used by ${first}; give each its own address` }];
  });
}

/** Kubernetes keeps the first service address for itself (`kubernetes.default`). */
function reservedDns(config: SiteConfig): readonly Problem[] {
  const { services, clusterDns } = config.network;
  if (addressNumber(clusterDns) !== cidrRange(services).first + 1) return [];
  return [
    {
      path: "homelab:network.clusterDns",
      text: `${clusterDns} is the API server's own service address; use the tenth, as in 10.43.0.10`,
    },
  ];
}
