import type { RefusedSites } from "./index.ts";

/** Networks, addresses, names and BGP. */
export const network: RefusedSites = {
  "a LAN in no CIDR form": {
    edit: { "site.lan": "192.168.1.0" },
    at: "homelab:site.lan",
    says: /such as 192\.168\.1\.0\/24/,
  },
  "a LAN with host bits": {
    edit: { "site.lan": "192.168.1.7/24" },
    at: "homelab:site.lan",
    says: /use 192\.168\.1\.0\/24$/,
  },
  "a domain with capitals": {
    edit: { "site.domain": "Home.arpa" },
    at: "homelab:site.domain",
    says: /lower-case DNS name/,
  },
  "a gateway elsewhere": {
    edit: { "site.gateway": "192.168.9.1" },
    at: "homelab:site.gateway",
    says: /use an address of homelab:site\.lan/,
  },
  "a misspelled key": {
    edit: { "site.gatway": "192.168.1.1" },
    at: "homelab:site.gatway",
    says: /misspelling or a wrong indent/,
  },
  "a site without its network": {
    edit: { network: undefined },
    at: "homelab:network",
    says: /is missing/,
  },
  "pods in the LAN": {
    edit: { "network.pods": "192.168.0.0/16" },
    at: "homelab:network.pods",
    says: /choose networks without common addresses/,
  },
  "services in the tailnet's range": {
    edit: { "network.services": "100.100.0.0/16" },
    at: "homelab:network.services",
    says: /which Tailscale gives to devices; choose another/,
  },
  "one AS on both sides": {
    edit: { "network.bgp.routerAsn": 64_512 },
    at: "homelab:network.bgp.routerAsn",
    says: /^64512 is also .*use two numbers/,
  },
  "an AS that is reserved": {
    edit: { "network.bgp.localAsn": 64_500 },
    at: "homelab:network.bgp.localAsn",
    says: /use 64512 to 65534/,
  },
  "a router among the pods": {
    edit: { "network.bgp.routerAddress": "10.42.0.1" },
    at: "homelab:network.bgp.routerAddress",
    says: /must stand outside/,
  },
  "DNS at the API's address": {
    edit: { "network.clusterDns": "10.43.0.1" },
    at: "homelab:network.clusterDns",
    says: /own service address.*use the tenth/,
  },
  "services among the pods": {
    edit: { "network.services": "10.42.8.0/22" },
    at: "homelab:network.services",
    says: /^10\.42\.8\.0\/22 overlaps .*network\.pods/,
  },
  "load balancers in the tailnet's range": {
    edit: { "network.loadBalancers": "100.100.0.0/16" },
    at: "homelab:network.loadBalancers",
    says: /100\.64\.0\.0\/10/,
  },
  "pods with host bits": {
    edit: { "network.pods": "10.42.3.0/16" },
    at: "homelab:network.pods",
    says: /use 10\.42\.0\.0\/16$/,
  },
  "pods without a /24 for each node": {
    edit: { "network.pods": "10.42.0.0/23" },
    at: "homelab:network.pods",
    says: /holds 2 node networks/,
  },
  "a DNS address outside the services": {
    edit: { "network.clusterDns": "10.99.0.10" },
    at: "homelab:network.clusterDns",
    says: /network\.services/,
  },
  "usual pods beside a LAN that holds them": {
    edit: { "site.lan": "10.42.0.0/16", "network.pods": undefined },
    at: "homelab:network.pods",
    says: /^10\.42\.0\.0\/16 overlaps .*site\.lan; .* \(not written; the usual one\)$/,
  },
  "usual networks in a tailnet whose policy is another stack's": {
    edit: { "network.services": undefined, "tailnet.policy": undefined },
    at: "homelab:network.services",
    says: /^is missing; .*use a network that no site of it has$/,
  },
  "a LAN whose first address, the gateway, is a host's": {
    edit: { "proxmox.hosts[0].address": "192.168.1.1" },
    at: "homelab:proxmox.hosts[0].address",
    says: /already used by homelab:site\.gateway/,
  },
  "a DNS address in services that are too small": {
    edit: { "network.services": "10.43.0.0/29" },
    at: "homelab:network.clusterDns",
    says: /^10\.43\.0\.10 is not in .*\(not written; made of homelab:network\.services\)$/,
  },
  "the last AS of 16 bits": {
    edit: { "network.bgp.localAsn": 65_535 },
    at: "homelab:network.bgp.localAsn",
    says: /^65535 is reserved/,
  },
};
