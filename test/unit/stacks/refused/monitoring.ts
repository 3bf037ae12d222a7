import type { RefusedSites } from "./index.ts";

const grafanaPassword = "op://Homelab/Grafana/password";

/** Home with monitoring that differs so. */
const watched = (changes: object) => ({ monitoring: { grafanaPassword, ...changes } });

/** Monitoring that nobody would be told by, or that has nowhere to keep what it sees. */
export const monitoring: RefusedSites = {
  "monitoring without a password for Grafana": {
    edit: { monitoring: {} },
    at: "homelab:monitoring.grafanaPassword",
    says: /is missing/,
  },
  "metrics in a class of storage that the site does not have": {
    edit: { "storage.enabled": false, ...watched({ class: "ceph-block" }) },
    at: "homelab:monitoring.class",
    says: /ceph-block is a class of homelab:storage, which the site does not have; switch storage on/,
  },
  "metrics in a class that many pods share": {
    edit: { storage: undefined, ...watched({ class: "ceph-filesystem" }) },
    at: "homelab:monitoring.class",
    says: /ceph-filesystem is no class of kind block in homelab:storage; known are ceph-block$/,
  },
  "more metrics than all claims of their class": {
    edit: {
      "storage.enabled": true,
      "storage.classes": { ceph: { kind: "block", default: true, claimsGiB: 30 } },
      ...watched({ sizeGiB: 40 }),
    },
    at: "homelab:monitoring.sizeGiB",
    says: /come to 41 GiB, and all claims of class ceph to 30; raise claimsGiB/,
  },
  "metrics for a site to which no way leads": {
    edit: watched({ sends: ["cabin"] }),
    at: "homelab:monitoring.sends[0]",
    says: /cabin is no host of homelab:tailnet\.egress, through which metrics go; add it there: cabin: \{ ip: ADDRESS, ports: \[80\] \}/,
  },
  "metrics for a site at a port where nobody takes them": {
    edit: {
      ...watched({ sends: ["nas"] }),
      "tailnet.egress": { nas: { ip: "100.101.102.103", ports: [443] } },
    },
    at: "homelab:monitoring.sends[0]",
    says: /does not lead to port 80/,
  },
  "metrics for the site itself": {
    edit: watched({ sends: ["home"] }),
    at: "homelab:monitoring.sends[0]",
    says: /home is this site itself/,
  },
  "metrics of another site without a gateway that they come through": {
    edit: watched({ receives: ["cabin"] }),
    at: "homelab:monitoring.receives",
    says: /set homelab:gateway\.internal\.enabled, or remove it/,
  },
  "metrics of one site twice": {
    edit: { ...watched({ receives: ["cabin", "cabin"] }), "gateway.internal.enabled": true },
    at: "homelab:monitoring.receives[1]",
    says: /already in the list/,
  },
  "a path of a name that nobody exposes": {
    edit: watched({ names: { paths: { "shop.example.net": "/healthz" } } }),
    at: "homelab:monitoring.names.paths.shop.example.net",
    says: /shop\.example\.net is no name that the site exposes/,
  },
  "a name that is not asked, and that nobody exposes": {
    edit: watched({ names: { except: ["typeo.example.org"] } }),
    at: "homelab:monitoring.names.except[0]",
    says: /correct it, or remove it/,
  },
  "a path of a name without its slash": {
    edit: watched({ names: { paths: { "typeo.example.net": "healthz" } } }),
    at: "homelab:monitoring.names.paths.typeo.example.net",
    says: /begin with a slash/,
  },
  "a token for asking names that no policy lets pass": {
    edit: watched({ names: { serviceToken: "prober" } }),
    at: "homelab:monitoring.names.serviceToken",
    says: /no policy of homelab:edge\.access lets a service token prober pass; known are monitoring/,
  },
  "a token for asking names on a site without an edge": {
    edit: {
      edge: undefined,
      apps: {},
      ...watched({ names: { serviceToken: "monitoring" } }),
    },
    at: "homelab:monitoring.names.serviceToken",
    says: /known are none/,
  },
  "an outside exporter called as what asks for names": {
    edit: watched({ scrapes: { names: { targets: ["192.168.1.9:9100"] } } }),
    at: "homelab:monitoring.scrapes.names",
    says: /use another name/,
  },
  "a receiver that is told in no way": {
    edit: watched({ receivers: { phone: {} } }),
    at: "homelab:monitoring.receivers.phone",
    says: /give it pushover, discord or webhook/,
  },
  "a receiver that is told in two ways": {
    edit: watched({
      receivers: {
        phone: {
          discord: "op://Homelab/Discord/webhook",
          webhook: { host: "ntfy.example.net", url: "op://Homelab/Alerts/webhook" },
        },
      },
    }),
    at: "homelab:monitoring.receivers.phone",
    says: /is told in several ways; give each a receiver of its own/,
  },
  "a heartbeat whose address stands in the file": {
    edit: watched({ heartbeat: { host: "hc-ping.com", url: "https://hc-ping.com/canary" } }),
    at: "homelab:monitoring.heartbeat.url",
    says: /use a reference: op:/,
  },
  "a heartbeat at an address in place of a name": {
    edit: watched({
      heartbeat: { host: "192.168.1.5", url: "op://Homelab/Heartbeat/url" },
    }),
    at: "homelab:monitoring.heartbeat.host",
    says: /use the lower-case DNS name in the address/,
  },
  "an exporter that is a machine of the cluster": {
    edit: watched({ scrapes: { nodes: { targets: ["192.168.1.21:9100"] } } }),
    at: "homelab:monitoring.scrapes.nodes.targets[0]",
    says: /192\.168\.1\.21 is machine proxmox-stone of the cluster.*ServiceMonitor/,
  },
  "an exporter under the name of a job of the cluster": {
    edit: watched({ scrapes: { "node-exporter": { targets: ["192.168.1.11:9100"] } } }),
    at: "homelab:monitoring.scrapes.node-exporter",
    says: /the cluster's own node-exporter is called so; use another name/,
  },
  "an exporter under the name of a part": {
    edit: watched({ scrapes: { hubble: { targets: ["192.168.1.11:9100"] } } }),
    at: "homelab:monitoring.scrapes.hubble",
    says: /use another name/,
  },
  "an exporter without a port": {
    edit: watched({ scrapes: { ups: { targets: ["192.168.1.5"] } } }),
    at: "homelab:monitoring.scrapes.ups.targets[0]",
    says: /use an IPv4 address with a port/,
  },
};
