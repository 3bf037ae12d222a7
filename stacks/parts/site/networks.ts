import ipaddr from "ipaddr.js";
import type { Problem } from "../../config/problem.ts";
import type { SiteConfig } from "../../schema.ts";

/** Addresses that Tailscale gives to devices (CGNAT, RFC 6598): they must stay free on every site. */
export const tailnet = "100.64.0.0/10";

/** A network as its first and last address, both as unsigned 32-bit numbers. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

/** An IPv4 address as an unsigned 32-bit number; throws on anything else. */
export function addressNumber(address: string): number {
  return ipaddr.IPv4.parse(address)
    .toByteArray()
    .reduce((sum, byte) => sum * 256 + byte, 0);
}

/** The addresses of a network in CIDR form; host bits are ignored. */
export function cidrRange(cidr: string): Range {
  const [address, prefix] = ipaddr.IPv4.parseCIDR(cidr);
  const size = 2 ** (32 - prefix);
  const number = addressNumber(address.toString());
  const first = number - (number % size);
  return { first, last: first + size - 1 };
}

/** Whether an address lies in a network. */
export function contains(cidr: string, address: string): boolean {
  const range = cidrRange(cidr);
  const number = addressNumber(address);
  return number >= range.first && number <= range.last;
}

/** Whether two networks share an address. */
export function overlap(left: string, right: string): boolean {
  const a = cidrRange(left);
  const b = cidrRange(right);
  return a.first <= b.last && b.first <= a.last;
}

/** The network address in CIDR form: `10.42.3.1/16` gives `10.42.0.0/16`. */
export function canonicalCidr(cidr: string): string {
  const [, prefix] = ipaddr.IPv4.parseCIDR(cidr);
  return `${ipaddr.IPv4.networkAddressFromCIDR(cidr).toString()}/${prefix}`;
}

/** Networks are written without host bits, large enough for their use, and share no address. */
export function checkCidrs(config: SiteConfig): readonly Problem[] {
  const networks = [
    { path: "homelab:site.lan", cidr: config.site.lan, longest: 29 },
    { path: "homelab:network.pods", cidr: config.network.pods, longest: 23 },
    { path: "homelab:network.services", cidr: config.network.services, longest: 24 },
    { path: "homelab:network.loadBalancers", cidr: config.network.loadBalancers, longest: 30 },
  ];
  const problems: Problem[] = [];
  for (const [index, network] of networks.entries()) {
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
    if (overlap(network.cidr, tailnet)) {
      problems.push({
        path: network.path,
        text: `${network.cidr} overlaps ${tailnet}, which Tailscale gives to devices; choose another network`,
      });
    }
    for (const other of networks.slice(0, index)) {
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
