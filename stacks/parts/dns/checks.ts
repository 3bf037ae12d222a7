import { contains } from "../../../components/network/cidr.ts";
import type { Problem } from "../../../components/problem.ts";
import type { SiteConfig } from "../../schema.ts";

/** The caches' Services have addresses of their own, and no domain is asked for where nobody answers. */
export function checkDns(config: SiteConfig): readonly Problem[] {
  const { dns } = config;
  if (dns === undefined) return [];
  return [...addresses(config, dns), ...domains(config, dns)];
}

type Dns = NonNullable<SiteConfig["dns"]>;

function addresses({ network }: SiteConfig, dns: Dns): readonly Problem[] {
  const { services, clusterDns } = network;
  const taken = new Map([[clusterDns, "homelab:network.clusterDns"]]);
  const own = Object.entries({ upstream: dns.upstream, nameserver: dns.nameserver });
  return own.flatMap(([key, address]) => {
    if (address === undefined) return [];
    const path = `homelab:dns.${key}`;
    if (!contains(services, address)) {
      const text = `${address} is not in ${services}; use an address of homelab:network.services`;
      return [{ path, text }];
    }
    const other = taken.get(address);
    taken.set(address, path);
    if (other === undefined) return [];
    return [{ path, text: `${address} is already ${other}; give each Service its own address` }];
  });
}

/** Reverse names have servers already; a second block of a domain is none that CoreDNS starts with. */
const kept = ["in-addr.arpa", "ip6.arpa"];

function domains({ network }: SiteConfig, dns: Dns): readonly Problem[] {
  const { clusterDomain, clusterDns, pods } = network;
  return Object.entries(dns.domains).flatMap(([domain, servers]) => {
    const path = `homelab:dns.domains.${domain}`;
    if ([clusterDomain, ...kept].includes(domain)) {
      const text = `${domain} is the cluster's own; remove it, or name a domain below it`;
      return [{ path, text }];
    }
    return servers.flatMap((address, i) => {
      const at = `${path}[${i}]`;
      if (address === clusterDns) {
        const text = `${address} is where pods ask the caches, which would ask themselves; name a server outside of the cluster`;
        return [{ path: at, text }];
      }
      if (!contains(pods, address)) return [];
      const text = `${address} is of ${pods}, where pods lose their addresses; name a Service's`;
      return [{ path: at, text }];
    });
  });
}
