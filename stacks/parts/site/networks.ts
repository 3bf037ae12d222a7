import ipaddr from "ipaddr.js";
import { canonicalCidr, overlap } from "../../../components/network/cidr.ts";
import type { Problem } from "../../config/problem.ts";
import type { SiteConfig } from "../../schema.ts";

/** Addresses that Tailscale gives to devices (CGNAT, RFC 6598): they must stay free on every site. */
export const tailnet = "100.64.0.0/10";

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
