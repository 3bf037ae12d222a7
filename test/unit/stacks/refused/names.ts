import type { RefusedSites } from "./index.ts";

const at = (name: string): string => `homelab:names.entries.${name}`;

/** The site's names. */
export const names: RefusedSites = {
  "a private address told to the internet": {
    edit: { "names.entries": { "nas.example.net": { public: "192.168.1.6" } } },
    at: `${at("nas.example.net")}.public`,
    says: /192\.168\.1\.6 is no address of the internet.*write it as `address`/,
  },
  "an address of the tailnet told to the internet": {
    edit: { "names.entries": { "vpn.example.net": { public: "100.101.102.103" } } },
    at: `${at("vpn.example.net")}.public`,
    says: /no address of the internet/,
  },
  "a name that a machine has already": {
    edit: { "names.entries": { "proxmox-stone": { address: "192.168.1.6" } } },
    at: at("proxmox-stone"),
    says: /proxmox-stone\.home\.arpa is already homelab:machines\[0\]; give each its own name/,
  },
  "a name that is published already": {
    edit: { "names.entries": { "typeo.example.net": { address: "192.168.1.6" } } },
    at: at("typeo.example.net"),
    says: /already homelab:apps\.typeo\.hostname/,
  },
  "a name in nobody's domain": {
    edit: { "names.entries": { "nas.example.org": { address: "192.168.1.6" } } },
    at: at("nas.example.org"),
    says: /in none of the site's domains, home\.arpa and example\.net/,
  },
  "a public name in the site's own domain": {
    edit: { "names.entries": { nas: { public: "198.51.100.7" } } },
    at: `${at("nas")}.public`,
    says: /nas\.home\.arpa is not in example\.net of homelab:edge\.zone/,
  },
  "a name without an address": {
    edit: { "names.entries": { nas: {} } },
    at: at("nas"),
    says: /has no address; add `address`, `public` or both/,
  },
  "a DNS server outside of the load balancers": {
    edit: { "names.address": "192.168.1.53" },
    at: "homelab:names.address",
    says: /not in 10\.96\.0\.0\/16; use an address of homelab:network\.loadBalancers/,
  },
  "a DNS server at an address that no service gets": {
    edit: { "names.address": "10.96.0.0" },
    at: "homelab:names.address",
    says: /first or the last of 10\.96\.0\.0\/16/,
  },
  "a DNS server at the address of the gateway": {
    edit: { "names.address": "10.96.0.80" },
    at: "homelab:names.address",
    says: /10\.96\.0\.80 is homelab:gateway\.lan\.address already/,
  },
  "a name that the gateway has a route for": {
    edit: {
      "names.entries": { photos: { address: "192.168.1.6" } },
      "gateway.routes.photos": {
        hostnames: ["photos.home.arpa"],
        namespace: "photos",
        service: "photos",
        port: 80,
      },
    },
    at: "homelab:gateway.routes.photos.hostnames[0]",
    says: /photos\.home\.arpa is already homelab:names\.entries\.photos/,
  },
  "a DNS server that forwards to itself": {
    edit: { "names.forward": ["10.96.0.53"] },
    at: "homelab:names.forward[0]",
    says: /is homelab:names\.address, a server of the cluster itself/,
  },
  "a tailnet that asks a DNS server which is switched off": {
    edit: { "names.enabled": false, "tailnet.splitDns": ["10.96.0.53"] },
    at: "homelab:tailnet.splitDns[0]",
    says: /homelab:names is switched off/,
  },
};
