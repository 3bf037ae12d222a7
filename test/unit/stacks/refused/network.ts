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
  "pods among addresses that no router forwards": {
    edit: { "network.pods": "169.254.0.0/16" },
    at: "homelab:network.pods",
    says: /169\.254\.0\.0\/16.*no network can have.*use a private one/,
  },
  "a nameserver that every machine is itself": {
    edit: { "site.dns": ["192.168.1.1", "127.0.0.53"] },
    at: "homelab:site.dns[1]",
    says: /127\.0\.0\.53 is .*use the address of a server/,
  },
  "a nameserver that would run in the cluster": {
    edit: { "site.dns": ["10.96.0.53"] },
    at: "homelab:site.dns[0]",
    says: /10\.96\.0\.53 is of 10\.96\.0\.0\/16, where no machine finds a nameserver/,
  },
  "a nameserver at the control plane": {
    edit: { "site.dns": ["192.168.1.20"] },
    at: "homelab:site.dns[0]",
    says: /is the address of the control plane, where nobody answers for names/,
  },
  "a nameserver on a machine of the site": {
    edit: { "site.dns": ["192.168.1.23"] },
    at: "homelab:site.dns[0]",
    says: /192\.168\.1\.23 is of proxmox-titan, where no machine finds a nameserver/,
  },
  "a site called as the cluster's services are": {
    edit: { "site.domain": "cluster.local" },
    at: "homelab:site.domain",
    says: /cluster\.local .*homelab:network\.clusterDomain.*choose another/,
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
  "services announced in no way": {
    edit: { "network.bgp": undefined },
    at: "homelab:network.bgp",
    says: /^is missing; .*homelab:network\.l2/,
  },
  "services announced to the router and on the LAN": {
    edit: { "network.l2": true },
    at: "homelab:network.l2",
    says: /homelab:network\.bgp.*keep one of the two/,
  },
  "a router without its AS": {
    edit: { "network.bgp.routerAsn": undefined },
    at: "homelab:network.bgp.routerAsn",
    says: /^is missing; .*peers/,
  },
  "a router in both forms": {
    edit: { "network.bgp.peers": [{ address: "10.0.0.2", asn: 64_513 }] },
    at: "homelab:network.bgp.routerAddress",
    says: /stands beside peers/,
  },
  "a second router at the first one's address": {
    edit: {
      "network.bgp": {
        localAsn: 64_512,
        peers: [
          { address: "10.0.0.1", asn: 64_513 },
          { address: "10.0.0.1", asn: 64_514 },
        ],
      },
    },
    at: "homelab:network.bgp.peers[1].address",
    says: /already used by homelab:network\.bgp\.peers\[0\]/,
  },
  "a second router in the cluster's AS": {
    edit: {
      "network.bgp": {
        localAsn: 64_512,
        peers: [
          { address: "10.0.0.1", asn: 64_513 },
          { address: "10.0.0.2", asn: 64_512 },
        ],
      },
    },
    at: "homelab:network.bgp.peers[1].asn",
    says: /also the cluster's/,
  },
  "a password of BGP in the clear": {
    edit: {
      "network.bgp": {
        localAsn: 64_512,
        peers: [{ address: "10.0.0.1", asn: 64_513, password: "canary-in-the-clear" }],
      },
    },
    at: "homelab:network.bgp.peers[0].password",
    says: /use a reference/,
  },
  "load balancers announced on a LAN that does not hold them": {
    edit: { "network.bgp": undefined, "network.l2": true },
    at: "homelab:network.loadBalancers",
    says: /^10\.96\.0\.0\/16 is not in 192\.168\.1\.0\/24 of homelab:site\.lan/,
  },
  "load balancers over a machine's address": {
    edit: {
      ...{ "network.bgp": undefined, "network.l2": true },
      "network.loadBalancers": { start: "192.168.1.24", stop: "192.168.1.40" },
    },
    at: "homelab:network.loadBalancers",
    says: /holds 192\.168\.1\.24 of homelab:machines\[3\]\.address/,
  },
  "load balancers over the address of the LAN's DNS server": {
    edit: {
      ...{ "network.bgp": undefined, "network.l2": true },
      "network.loadBalancers": { start: "192.168.1.200", stop: "192.168.1.239" },
      "site.dns": ["192.168.1.1", "192.168.1.210"],
    },
    at: "homelab:network.loadBalancers",
    says: /holds 192\.168\.1\.210 of homelab:site\.dns\[1\]/,
  },
  "load balancers up to the LAN's broadcast address": {
    edit: {
      ...{ "network.bgp": undefined, "network.l2": true },
      "network.loadBalancers": { start: "192.168.1.200", stop: "192.168.1.255" },
    },
    at: "homelab:network.loadBalancers",
    says: /network or broadcast address/,
  },
  "load balancers that end before they begin": {
    edit: { "network.loadBalancers": { start: "10.96.0.9", stop: "10.96.0.1" } },
    at: "homelab:network.loadBalancers",
    says: /ends before it begins/,
  },
  "a run of load balancers inside the LAN, announced to the router": {
    edit: { "network.loadBalancers": { start: "192.168.1.200", stop: "192.168.1.239" } },
    at: "homelab:network.loadBalancers",
    says: /^192\.168\.1\.200 to 192\.168\.1\.239 overlaps 192\.168\.1\.0\/24 of homelab:site\.lan/,
  },
  "load balancers in no form": {
    edit: { "network.loadBalancers": "192.168.1.200-192.168.1.239" },
    at: "homelab:network.loadBalancers",
    says: /use a network in CIDR form .*start/,
  },
  "a VLAN that no switch has": {
    edit: { "site.vlan": 4095 },
    at: "homelab:site.vlan",
    says: /from 1 to 4094/,
  },
  "an MTU below IPv6's": {
    edit: { "site.mtu": 1200 },
    at: "homelab:site.mtu",
    says: /1280 .* to 9216/,
  },
  "a host among the services": {
    edit: { "proxmox.hosts[1].address": "10.43.7.1" },
    at: "homelab:proxmox.hosts[1].address",
    says: /^10\.43\.7\.1 lies in 10\.43\.0\.0\/16 of homelab:network\.services/,
  },
};
