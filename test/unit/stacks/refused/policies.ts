import type { RefusedSites } from "./index.ts";

const egress = (entry: Readonly<Record<string, unknown>>) => ({ "apps.typeo.egress": [entry] });
const path = "homelab:apps.typeo.egress[0]";

/** What applications may reach. */
export const policies: RefusedSites = {
  "a name that stands for one label only": {
    edit: egress({ names: ["*.example.com"], ports: [443] }),
    at: `${path}.names[0]`,
    says: /one label only: not for example\.com, and not for a\.b\.example\.com; write \*\*\.example\.com/,
  },
  "a name with a star inside": {
    edit: egress({ names: ["api.*.example.com"], ports: [443] }),
    at: `${path}.names[0]`,
    says: /has a \* where none can be/,
  },
  "every name of a top-level domain": {
    edit: egress({ names: ["**.com"], ports: [443] }),
    at: `${path}.names[0]`,
    says: /no lower-case DNS name of two labels/,
  },
  "names and networks in one rule": {
    edit: egress({
      names: ["api.example.com"],
      networks: [{ cidr: "192.0.2.0/24" }],
      ports: [443],
    }),
    at: path,
    says: /^names names and networks; Cilium takes each in a rule of its own/,
  },
  "an egress to nobody": {
    edit: egress({ ports: [443] }),
    at: path,
    says: /^names nobody; say one of names, networks, internet, app, gateway, tailnet$/,
  },
  "ports of a proxy of the tailnet": {
    edit: egress({ tailnet: "nas", ports: [5432] }),
    at: `${path}.ports`,
    says: /^are chosen by the tailnet's operator/,
  },
  "requests read on the way to a proxy of the tailnet": {
    edit: egress({ tailnet: "nas", http: [{ method: "GET" }] }),
    at: `${path}.http`,
    says: /a proxy's are not; leave http out$/,
  },
  "a host of the tailnet in place of the group that leads there": {
    edit: {
      ...egress({ tailnet: "nas" }),
      "tailnet.egress": { nas: { ip: "100.101.102.103", ports: [445] } },
    },
    at: `${path}.tailnet`,
    says: /^nas is reached through the group of egress proxies.*use tailnet: egress$/,
  },
  "a proxy of a tailnet that the site has not": {
    edit: { ...egress({ tailnet: "nas" }), tailnet: undefined },
    at: `${path}.tailnet`,
    says: /^there is no tailnet to reach/,
  },
  "pods of nobody's namespace exposed to the tailnet": {
    edit: { networkPolicy: { exposed: [{ namespace: "shop", ports: [80] }] } },
    at: "homelab:networkPolicy.exposed[0].namespace",
    says: /^shop is none of the site's own namespaces/,
  },
  "pods exposed to a tailnet that the site has not": {
    edit: {
      networkPolicy: { exposed: [{ namespace: "typeo", ports: [8080] }] },
      tailnet: undefined,
    },
    at: "homelab:networkPolicy.exposed",
    says: /^there is no tailnet to expose to/,
  },
  "an egress by a name of the gateway": {
    edit: {
      ...egress({ names: ["id.home.arpa"], ports: [443] }),
      "gateway.routes.id": {
        ...{ hostnames: ["id.home.arpa"], namespace: "id", service: "id", port: 80 },
      },
    },
    at: `${path}.names[0]`,
    says: /id\.home\.arpa leads to pods, which rules by name do not match; use gateway: true/,
  },
  "an egress by a name that leads to the tailnet's proxies": {
    edit: {
      ...egress({ names: ["git.cabin.home.arpa"], ports: [443] }),
      "tailnet.egress": {
        cabin: { ip: "100.101.102.104", ports: [443], hostnames: ["git.cabin.home.arpa"] },
      },
    },
    at: `${path}.names[0]`,
    says: /leads to pods, which rules by name do not match; use tailnet: egress/,
  },
  "ports of the gateway": {
    edit: egress({ gateway: true, ports: [443] }),
    at: `${path}.ports`,
    says: /those of the gateway's listeners/,
  },
  "requests through the gateway": {
    edit: egress({ gateway: true, http: [{ method: "GET" }] }),
    at: `${path}.http`,
    says: /cannot read what is encrypted/,
  },
  "an egress to a gateway that is not there": {
    edit: { ...egress({ gateway: true }), "gateway.enabled": false },
    at: `${path}.gateway`,
    says: /add homelab:gateway/,
  },
  "an egress without ports": {
    edit: egress({ names: ["api.example.com"] }),
    at: `${path}.ports`,
    says: /^is missing/,
  },
  "pods by their addresses": {
    edit: egress({ networks: [{ cidr: "10.42.1.0/24" }], ports: [443] }),
    at: `${path}.networks[0].cidr`,
    says: /pods, which rules by address do not match; use app/,
  },
  "a service by its address": {
    edit: egress({ networks: [{ cidr: "10.43.0.10/32" }], ports: [53] }),
    at: `${path}.networks[0].cidr`,
    says: /services, whose addresses are translated before rules see them/,
  },
  "a machine of the cluster by its address": {
    edit: egress({ networks: [{ cidr: "192.168.1.21/32" }], ports: [6443] }),
    at: `${path}.networks[0].cidr`,
    says: /proxmox-stone, a machine of the cluster, which rules by address do not match/,
  },
  "the internet as a network, with the site in it": {
    edit: egress({ networks: [{ cidr: "0.0.0.0/0" }], ports: [443] }),
    at: `${path}.networks[0].cidr`,
    says: /use internet: true$/,
  },
  "an exception outside of its network": {
    edit: egress({
      networks: [{ cidr: "192.168.1.0/24", except: ["192.168.2.0/28"] }],
      ports: [443],
    }),
    at: `${path}.networks[0].except[0]`,
    says: /is not inside of 192\.168\.1\.0\/24/,
  },
  "a service by its name": {
    edit: egress({ names: ["db.shop.svc.cluster.local"], ports: [5432] }),
    at: `${path}.names[0]`,
    says: /leads to pods, which rules by name do not match; use app/,
  },
  "an application that reaches one that is not there": {
    edit: egress({ app: "immich" }),
    at: `${path}.app`,
    says: /^immich is not in homelab:apps; known are typeo$/,
  },
  "requests read in what is encrypted": {
    edit: egress({ names: ["api.example.com"], ports: [443], http: [{ method: "GET" }] }),
    at: `${path}.http`,
    says: /443 is HTTPS/,
  },
};
