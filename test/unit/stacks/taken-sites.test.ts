import assert from "node:assert/strict";
import { argocdSite } from "./argocd-site.ts";
import { homeValues, problemsAfter, type Changes } from "./sample.ts";

const home = homeValues({}) as {
  readonly proxmox: { readonly hosts: readonly object[] };
  readonly machines: readonly object[];
};

const gpu = {
  host: "stone",
  path: "0000:01:00.0",
  id: "10de:2204",
  subsystemId: "1462:3884",
  iommuGroup: 12,
};
const generic = {
  url: "https://cloud.debian.org/images/cloud/trixie/20261001-2618/debian-13-generic-amd64-20261001-2618.qcow2",
  sha512: "ab".repeat(64),
};
const twoDisks = ["first", "second"].map((name, i) => ({ name, slot: i + 1, sizeGiB: 500 }));
const stick = { host: "stone", id: "10c4:ea60" };

/** Sites that the real systems take, each home with one edit. */
const taken: Readonly<Record<string, Changes>> = {
  "secrets by a service account, and certificates that are kept nowhere": {
    onePassword: { serviceAccount: true },
    "certificates.keep": false,
  },
  "a service account for the program, and a Connect server of the cluster's own": {
    onePassword: {
      serviceAccount: true,
      operator: {
        ...{ credentials: "op://Homelab/Connect/1password-credentials.json" },
        ...{ token: "op://Homelab/Connect/operator-token", items: [] },
      },
    },
  },
  "routes to the internet that share a name and its door": {
    "gateway.routes": Object.fromEntries(
      ["/", "/api"].map((path, i) => [
        `photos-${i}`,
        {
          ...{ gateway: "public", hostnames: ["photos.example.net"], access: ["family"], path },
          ...{ namespace: "photos", service: "photos", port: 80 },
        },
      ]),
    ),
  },
  "webhooks of Argo CD alone for everybody": {
    ...argocdSite(),
    "gateway.routes.pushes": {
      ...{ gateway: "public", hostnames: ["pushes.example.net"], path: "/api/webhook" },
      ...{ withoutAccess: "who keeps the repositories cannot pass Access" },
      ...{ namespace: "argocd", service: "argocd-server", port: 80 },
    },
  },
  "a page for everybody beside Prometheus": {
    "gateway.routes.status": {
      ...{ gateway: "public", hostnames: ["status.example.net"] },
      ...{ withoutAccess: "says what is up, and nothing else" },
      ...{ namespace: "monitoring", service: "gatus", port: 80 },
    },
  },
  "a public name two levels below the zone with a certificate of its own": {
    "apps.typeo.hostname": "typeo.games.example.net",
    "edge.advancedCertificates": ["typeo.games.example.net"],
  },
  "a public name under another's wildcard certificate": {
    "apps.typeo.hostname": "typeo.games.example.net",
    "edge.advancedCertificates": ["*.games.example.net"],
  },
  "groups of the operator's proxies, and hosts of the tailnet that pods reach": {
    "tailnet.https": true,
    "tailnet.proxies": { ingress: {}, egress: { replicas: 3 }, apiServer: {} },
    "tailnet.policy.hosts": { clock: "100.101.102.103" },
    "tailnet.policy.tags": ["ci", "nas"],
    "tailnet.egress": {
      nas: { fqdn: "nas.tail1234.ts.net", as: "tag:nas", ports: [445] },
      clock: { fqdn: "clock.tail1234.ts.net", as: "clock", ports: [123], protocol: "UDP" },
      web: { fqdn: "web.tail1234.ts.net", as: "svc:web", ports: [443] },
    },
    "apps.typeo.egress": [{ tailnet: "egress" }],
  },
  "the zone itself as a public name": { "apps.typeo.hostname": "example.net" },
  "a name two levels below the zone that Cloudflare does not stand before": {
    "names.entries": { "old.web.example.net": { public: "8.8.8.8" } },
  },
  "logins by GitHub and by passkey": {
    "people.admins": ["someone@github"],
    "people.family": ["kid@passkey", "family@example.net"],
    // Access knows addresses alone.
    "people.mail": ["family@example.net"],
    "edge.access.family.people": ["mail"],
  },
  "a group that an identity provider syncs": {
    "tailnet.policy.grants": [
      { src: ["group:team@example.net"], dst: ["10.96.0.20"], ip: ["tcp:443"] },
    ],
    "tailnet.policy.tests": [{ src: "group:team@example.net", deny: ["tag:home-node:22"] }],
  },
  "what a tailnet in use has": {
    "tailnet.policy.hosts": { nas: "192.168.7.2" },
    "tailnet.policy.ipsets": { "ipset:house": ["192.168.7.0/24"] },
    "tailnet.policy.postures": { "posture:new": ["node:osVersion >= '15'"] },
    "tailnet.policy.nodeAttrs": [{ target: ["autogroup:member"], attr: ["funnel"] }],
    "tailnet.policy.acls": [{ action: "accept", src: ["tag:k8s"], dst: ["nas:443"] }],
    "tailnet.policy.tagOwners": { "tag:k8s": ["tag:k8s-operator"], "tag:k8s-operator": [] },
    "tailnet.policy.autoApprovers": { routes: { "192.168.7.0/24": ["tag:k8s"] } },
    "tailnet.policy.randomizeClientPort": true,
  },
  "a Proxmox node with capitals": {
    "proxmox.hosts[0].name": "PVE-Stone",
    "machines[0].host": "PVE-Stone",
  },
  "a pool with capitals and an underscore": { "proxmox.pool": "Home_Lab" },
  "a role of one's own, and a taint that spares some": {
    "machines[3].labels": { "node-role.kubernetes.io/storage": "true" },
    "machineDefaults.taints": ["example.net/slow:PreferNoSchedule"],
    "cluster.kubeletArgs": { "max-pods": 250 },
  },
  "a pool inside another": { "proxmox.pool": "Homes/k8s_1" },
  "a pool with a dot": { "proxmox.pool": "lab.v2" },
  "mappings with capitals and underscores": {
    "proxmox.pciMappings": [{ name: "GPU_Stone", devices: [gpu] }],
    "proxmox.usbMappings": [{ name: "zigbee_1", devices: [stick] }],
    "machines[0].pci": ["GPU_Stone"],
    "machines[0].usb": ["zigbee_1"],
    "machines[0].image": generic,
  },
  "a whole PCI device": {
    "proxmox.pciMappings": [{ name: "gpu", devices: [{ ...gpu, path: "0000:01:00" }] }],
  },
  "two devices of a mapping for two machines of a host": {
    "proxmox.pciMappings": [
      { name: "gpu", devices: [gpu, { ...gpu, path: "0000:02:00.0", iommuGroup: 13 }] },
    ],
    machines: [
      ...home.machines.map((machine) => ({ ...machine, memoryGiB: 16 })),
      {
        ...home.machines[3],
        name: "second",
        host: "stone",
        vmId: 125,
        address: "192.168.1.25",
        pci: ["gpu"],
        memoryGiB: 16,
      },
    ],
    "machines[0].pci": ["gpu"],
    "machineDefaults.image": generic,
  },
  "a graphics card and its sound, for one machine": {
    "proxmox.pciMappings": [
      { name: "gpu", devices: [gpu] },
      { name: "sound", devices: [{ ...gpu, path: "0000:01:00.1" }] },
    ],
    "machines[0].pci": ["gpu", "sound"],
    "machineDefaults.image": generic,
  },
  "USB devices of one id at two ports": {
    "proxmox.usbMappings": [
      { name: "zigbee", devices: [{ ...stick, path: "1-3" }] },
      { name: "zwave", devices: [{ ...stick, path: "1-4" }] },
    ],
    "machines[0].usb": ["zigbee", "zwave"],
    "machineDefaults.image": generic,
  },
  "one device under two names, of which a machine has one": {
    "proxmox.pciMappings": [
      { name: "gpu", devices: [gpu] },
      { name: "any", devices: [gpu] },
    ],
    "machines[0].pci": ["gpu"],
    "machineDefaults.image": generic,
  },
  "one machine with a /24 of pods": {
    machines: [home.machines[0]],
    "network.pods": "10.42.0.0/24",
    storage: { enabled: false },
  },
  "an older RKE2 that knows all settings": {
    "versions.rke2": "v1.33.4+rke2r1",
    storage: { enabled: false },
  },
  "nameservers in the cluster and on its machines, beside one that is always there": {
    "site.dns": ["10.96.0.53", "192.168.1.21", "192.168.1.1"],
  },
  "servers without workloads, as all machines have it": { "machineDefaults.workloads": false },
  "a dated daily build": {
    "versions.image.url":
      "https://cloud.debian.org/images/cloud/trixie/daily/20261002-2619/debian-13-genericcloud-amd64-daily-20261002-2619.qcow2",
  },
  "storage on the disks of one host": {
    machines: home.machines.slice(0, 1),
    "machineDefaults.extraDisks": twoDisks,
    "storage.classes": Object.fromEntries(
      (["block", "file", "bucket"] as const).map((kind) => [
        `ceph-${kind}`,
        { kind, replicas: 2, failureDomain: "osd", default: kind === "block" },
      ]),
    ),
  },
  "storages with dots and capitals": {
    "proxmox.datastores": { images: "NAS.images", snippets: "local", disks: "ceph_rbd" },
  },
  "a bridge of Proxmox's SDN": { "proxmox.bridge": "vnet_k8s" },
  "a tag with an underscore": { "machines[0].tags": ["rack_1", "2u"] },
  "an endpoint by name": { "proxmox.endpoint": "https://pve.home.arpa:8006" },
  "an endpoint with a slash at its end": { "proxmox.endpoint": "https://192.168.1.11:8006/" },
  "an endpoint with the API's path": { "proxmox.endpoint": "https://192.168.1.11:8006/api2/json" },
  "an IPv6 endpoint": { "proxmox.endpoint": "https://[fd00::11]:8006" },
  "an image in a registry with a port": { "apps.typeo.image": "registry.home.arpa:5000/typeo" },
  "an image in a registry at an address": { "apps.typeo.image": "[fd00::5]:5000/a/typeo" },
  "an image of Docker Hub": { "apps.typeo.image": "typeo" },
  "an image with underscores": { "apps.typeo.image": "ghcr.io/example/typeo_game__x" },
  "registries with a port, a login, mirrors by HTTP, and one for all others": {
    "cluster.registries": {
      "registry.home.arpa:5000": { login: { username: "me", password: "op://Homelab/R/password" } },
      "docker.io": { endpoints: ["http://192.168.1.5:5000/v2/hub"] },
      "*": { endpoints: ["https://[fd00::5]:5000"] },
    },
  },
  "a certificate with further names": {
    "cluster.tlsSan": ["k8s.example.net", "203.0.113.9", "fd00::20"],
  },
  "labels and taints with and without domain and value": {
    "machines[3].labels": { rack: "", "example.net/Row_1": "A.1" },
    "machines[3].taints": ["gpu:NoSchedule", "example.net/gpu=yes:PreferNoSchedule"],
  },
  "snapshots on a weekday by its name": { "cluster.snapshots": { schedule: "0 3 * * SUN" } },
  "snapshots by the clock of their server's start": {
    "cluster.snapshots": { schedule: "@every 6h" },
  },
  "a processor of one's own": { "machineDefaults.cpuType": "custom-home_v1" },
  "a tag with its digest": { "apps.typeo.version": `v1.4.0@sha256:${"ab".repeat(32)}` },
};

describe("sites that the real systems take", () => {
  for (const [name, edit] of Object.entries(taken)) {
    it(name, () => {
      assert.deepEqual(problemsAfter(edit), []);
    });
  }
});
