import type { RefusedSites } from "./index.ts";

/** The RKE2 cluster. */
export const cluster: RefusedSites = {
  "a control plane at a host's address": {
    edit: { "cluster.vip": "192.168.1.11" },
    at: "homelab:cluster.vip",
    says: /already used by homelab:proxmox\.hosts\[0\]/,
  },
  "a control plane on a card beside the LAN": {
    edit: { "cluster.interface": "eth1" },
    at: "homelab:cluster.interface",
    says: /the machines' card on the LAN is eth0/,
  },
  "snapshots in a store that is lost with the cluster": {
    edit: { "cluster.snapshots.s3.endpoint": "https://10.96.0.7:9000" },
    at: "homelab:cluster.snapshots.s3.endpoint",
    says: /is in the cluster itself, and lost with it/,
  },
  "snapshots in a service of the cluster by its name": {
    edit: { "cluster.snapshots.s3.endpoint": "http://minio.storage.svc.cluster.local:9000" },
    at: "homelab:cluster.snapshots.s3.endpoint",
    says: /is in the cluster itself/,
  },
  "snapshots on a machine of the site by its name": {
    edit: { "cluster.snapshots.s3.endpoint": "https://proxmox-vault.home.arpa:9000" },
    at: "homelab:cluster.snapshots.s3.endpoint",
    says: /is in the cluster itself/,
  },
  "snapshots on whichever server saves them": {
    edit: { "cluster.snapshots.s3.endpoint": "https://127.0.0.1:9000" },
    at: "homelab:cluster.snapshots.s3.endpoint",
    says: /is in the cluster itself/,
  },
  "a store's address with the bucket behind it": {
    edit: { "cluster.snapshots.s3.endpoint": "https://nas.home.arpa:9000/etcd-snapshots" },
    at: "homelab:cluster.snapshots.s3.endpoint",
    says: /name scheme, host and port alone/,
  },
  "a store's key in the site file": {
    edit: { "cluster.snapshots.s3.secretKey": "opensesame" },
    at: "homelab:cluster.snapshots.s3.secretKey",
    says: /a secret itself never stands in a site file/,
  },
  "an authority for a store without TLS": {
    edit: {
      "cluster.snapshots.s3.endpoint": "http://nas.home.arpa:9000",
      "cluster.snapshots.s3.ca": "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n",
    },
    at: "homelab:cluster.snapshots.s3.ca",
    says: /has no use with an http address/,
  },
  "a schedule at minute 75": {
    edit: { "cluster.snapshots": { schedule: "75 * * * *" } },
    at: "homelab:cluster.snapshots.schedule",
    says: /"75" is no minute; use 0 to 59/,
  },
  "a flag that the program sets": {
    edit: { "cluster.kubeletArgs": { "node-ip": "1.2.3.4" } },
    at: "homelab:cluster.kubeletArgs.node-ip",
    says: /remove it here/,
  },
  "a flag that RKE2 sets": {
    edit: { "machines[0].kubeletArgs": { "hostname-override": "stone" } },
    at: "homelab:machines[0].kubeletArgs.hostname-override",
    says: /remove it here/,
  },
  "more pods on a node than its network has addresses": {
    edit: { "cluster.kubeletArgs": { "max-pods": 500 } },
    at: "homelab:cluster.kubeletArgs.max-pods",
    says: /each node has a \/24 of homelab:network\.pods/,
  },
  "a control plane at the broadcast address": {
    edit: { "cluster.vip": "192.168.1.255" },
    at: "homelab:cluster.vip",
    says: /broadcast/,
  },
  "a control plane at a machine's address": {
    edit: { "cluster.vip": "192.168.1.22" },
    at: "homelab:cluster.vip",
    says: /machines\[1\]/,
  },
  "a schedule of four fields": {
    edit: { "cluster.snapshots": { schedule: "0 * * *" } },
    at: "homelab:cluster.snapshots.schedule",
    says: /4 fields/,
  },
  "a schedule for the thirtieth of February": {
    edit: { "cluster.snapshots": { schedule: "0 0 30 2 *" } },
    at: "homelab:cluster.snapshots.schedule",
    says: /is never due/,
  },
  "a registry by its address on the web": {
    edit: { "cluster.registries": { "https://mirror.home.arpa": { endpoints: ["https://a.b"] } } },
    at: "homelab:cluster.registries.https://mirror.home.arpa",
    says: /without https:\/\//,
  },
  "a registry of which nothing is said": {
    edit: { "cluster.registries": { "docker.io": {} } },
    at: "homelab:cluster.registries.docker.io",
    says: /give it endpoints, a login or a ca/,
  },
  "a registry's password in plain text": {
    edit: {
      "cluster.registries": { "ghcr.io": { login: { username: "me", password: "hunter2" } } },
    },
    at: "homelab:cluster.registries.ghcr.io.login.password",
    says: /use a reference/,
  },
  "a registry's certificate by its file": {
    edit: { "cluster.registries": { "ghcr.io": { ca: "/etc/ssl/ca.pem" } } },
    at: "homelab:cluster.registries.ghcr.io.ca",
    says: /PEM form/,
  },
  "a name in the certificate with a port": {
    edit: { "cluster.tlsSan": ["k8s.example.net:6443"] },
    at: "homelab:cluster.tlsSan[0]",
    says: /without https:\/\/ and port/,
  },
};
