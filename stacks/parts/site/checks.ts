import ipaddr from "ipaddr.js";
import {
  addressNumber,
  canonicalCidr,
  cidrRange,
  contains,
  overlap,
  tailscaleDevices,
} from "../../../components/network/cidr.ts";
import type { Problem } from "../../../components/problem.ts";
import type { SiteConfig } from "../../schema.ts";

/** The site's networks can be used side by side, and every address has its place in one of them. */
export function checkSite(config: SiteConfig): readonly Problem[] {
  return [...networks(config), ...addresses(config)];
}

/** Networks are written without host bits, large enough for their use, and share no address. */
function networks(config: SiteConfig): readonly Problem[] {
  const all = [
    { path: "homelab:site.lan", cidr: config.site.lan, longest: 29 },
    { path: "homelab:network.pods", cidr: config.network.pods, longest: 23 },
    { path: "homelab:network.services", cidr: config.network.services, longest: 24 },
    { path: "homelab:network.loadBalancers", cidr: config.network.loadBalancers, longest: 30 },
  ];
  const problems: Problem[] = [];
  for (const [index, network] of all.entries()) {
    const canonical = canonicalCidr(network.cidr);
    if (canonical !== network.cidr) {
      problems.push({
        path: network.path,
        text: `${network.cidr} has host bits set; use ${canonical}`,
      });
    }
    const [, prefix] = ipaddr.IPv4.parseCIDR(network.cidr);
    if (prefix > network.longest) {
      problems.push({
        path: network.path,
        text: `/${prefix} is too small; use /${network.longest} or shorter`,
      });
    }
    if (overlap(network.cidr, tailscaleDevices)) {
      problems.push({
        path: network.path,
        text: `${network.cidr} overlaps ${tailscaleDevices}, which Tailscale gives to devices; choose another network`,
      });
    }
    for (const other of all.slice(0, index)) {
      if (overlap(network.cidr, other.cidr)) {
        problems.push({
          path: network.path,
          text: `${network.cidr} overlaps ${other.cidr} of ${other.path}; choose networks without common addresses`,
        });
      }
    }
  }
  const nodes = 2 ** Math.max(0, 24 - ipaddr.IPv4.parseCIDR(config.network.pods)[1]);
  if (config.machines.length > nodes) {
    problems.push({
      path: "homelab:network.pods",
      text: `${config.network.pods} holds ${nodes} node networks of /24, the site has ${config.machines.length} machines`,
    });
  }
  return problems;
}

interface Placed {
  readonly path: string;
  readonly address: string;
}

/** Addresses lie inside the networks that they belong to, are usable there, and are used once. */
function addresses(config: SiteConfig): readonly Problem[] {
  const { lan } = config.site;
  const placed: Placed[] = [
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
  return [
    ...placed.flatMap((item) => outside(item, "homelab:site.lan", lan)),
    ...repeated(placed),
    ...outside(
      { path: "homelab:network.clusterDns", address: config.network.clusterDns },
      "homelab:network.services",
      config.network.services,
    ),
    ...reservedDns(config),
  ];
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
