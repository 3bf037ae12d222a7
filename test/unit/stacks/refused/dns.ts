import type { RefusedSites } from "./index.ts";

/** The cache of DNS on the nodes. */
export const dns: RefusedSites = {
  "a second DNS address outside of the services": {
    edit: { "dns.upstream": "10.96.0.11" },
    at: "homelab:dns.upstream",
    says: /not in 10\.43\.0\.0\/16; use an address of homelab:network\.services/,
  },
  "caches that would ask themselves": {
    edit: { "dns.upstream": "10.43.0.10" },
    at: "homelab:dns.upstream",
    says: /already homelab:network\.clusterDns; give each Service its own/,
  },
  "two Services of DNS at one address": {
    edit: { "dns.tailnet": true, "dns.nameserver": "10.43.0.11" },
    at: "homelab:dns.nameserver",
    says: /already homelab:dns\.upstream/,
  },
  "a server of its own for the cluster's domain": {
    edit: { "dns.domains": { "cluster.local": ["192.168.1.9"] } },
    at: "homelab:dns.domains.cluster.local",
    says: /the cluster's own; remove it/,
  },
  "a domain that is asked of the caches again": {
    edit: { "dns.domains": { "corp.example": ["10.43.0.10"] } },
    at: "homelab:dns.domains.corp.example[0]",
    says: /would ask themselves; name a server outside/,
  },
  "a cache that CoreDNS does not start with": {
    edit: { "dns.entries": 100 },
    at: "homelab:dns.entries",
    says: /1024/,
  },
};
