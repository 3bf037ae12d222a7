import type { RefusedSites } from "./index.ts";

const machine = (host: string, i: number, more = {}) => ({
  host,
  address: `192.168.1.2${i}`,
  vmId: 120 + i,
  role: "server",
  ...more,
});

const twoDisks = ["first", "second"].map((name, i) => ({ name, slot: i + 1, sizeGiB: 500 }));

const sites: RefusedSites = {
  "storage without a disk": {
    edit: { "machineDefaults.extraDisks": [], "storage.monitoring": true },
    at: "homelab:storage",
    says: /no machine has extraDisks.*`enabled: false`/,
  },
  "storage on two hosts": {
    edit: {
      machines: [1, 2, 3].map((i) =>
        machine(i === 1 ? "stone" : "tank", i, { name: `node-${i}`, memoryGiB: 24 }),
      ),
    },
    at: "homelab:storage",
    says: /three monitors need machines on three hosts, and there are machines on 2/,
  },
  "copies on three hosts where there is one": {
    edit: {
      machines: [machine("stone", 1)],
      "machineDefaults.extraDisks": twoDisks,
    },
    at: "homelab:storage.classes.ceph-block.replicas",
    says: /3 copies need as many hosts with disks for storage, and there are 1/,
  },
  "more claims than one host's disks carry without the largest": {
    edit: {
      machines: [machine("stone", 1)],
      "machineDefaults.extraDisks": twoDisks,
      "storage.classes": {
        volumes: { kind: "block", replicas: 2, failureDomain: "osd", claimsGiB: 300 },
      },
    },
    at: "homelab:storage.classes",
    says: /claims come to 600 GiB.*425 GiB are there when the largest of one host's disks is lost/,
  },
  "a name for a class of volumes": {
    edit: {
      "storage.enabled": true,
      "storage.classes": { "ceph-block": { kind: "block", hostnames: ["s3.home.arpa"] } },
    },
    at: "homelab:storage.classes.ceph-block.hostnames[0]",
    says: /a class of volumes is reached by no name/,
  },
  "a name of buckets below another one": {
    edit: {
      "storage.enabled": true,
      "storage.classes": {
        one: { kind: "bucket", hostnames: ["s3.home.arpa"] },
        two: { kind: "bucket", hostnames: ["fast.s3.home.arpa"] },
      },
    },
    at: "homelab:storage.classes.two.hostnames[0]",
    says: /lies below s3\.home\.arpa, where the gateway takes it for a bucket/,
  },
  "buckets that are kept apart in two ways": {
    edit: {
      "storage.enabled": true,
      "storage.classes": {
        one: { kind: "bucket" },
        two: { kind: "bucket", replicas: 1, failureDomain: "osd" },
      },
    },
    at: "homelab:storage.classes.two.failureDomain",
    says: /all classes of buckets share a pool, which one keeps apart by host; use the same here/,
  },
  "a Ceph that Rook does not run": {
    edit: { "versions.ceph": "v21.2.0" },
    at: "homelab:versions.ceph",
    says: /Rook v1\.20\.6 does not run Ceph v21\.2\.0, but v19 and v20; use one of these/,
  },
  "a disk that no machine has": {
    edit: { "storage.disks": ["fast"] },
    at: "homelab:storage.disks[0]",
    says: /no machine has an extra disk fast; known are data/,
  },
  "three copies on two hosts with disks": {
    edit: {
      "machineDefaults.extraDisks": [],
      machines: ["stone", "tank", "titan"].map((host, i) =>
        machine(host, i + 1, i < 2 ? { extraDisks: [{ sizeGiB: 1000 }] } : {}),
      ),
    },
    at: "homelab:storage.classes.ceph-block.replicas",
    says: /3 copies need as many hosts with disks for storage, and there are 2/,
  },
  "more pieces than hosts": {
    edit: {
      "storage.classes": {
        block: { kind: "block", default: true },
        wide: { kind: "bucket", erasureCoding: { data: 4, coding: 2 } },
      },
    },
    at: "homelab:storage.classes.wide.erasureCoding",
    says: /pieces and copies of metadata \(6\) need as many hosts .* there are 4/,
  },
  "racks that no machine names": {
    edit: { "storage.classes": { racked: { kind: "block", failureDomain: "rack" } } },
    at: "homelab:machines[0].labels",
    says: /has no rack, and class racked keeps racks apart; add topology\.kubernetes\.io\/region: RACK/,
  },
  "a machine that is called as its host": {
    edit: { "machines[0].name": "stone" },
    at: "homelab:machines[0].name",
    says: /need names of their own: Ceph keeps copies apart by these names/,
  },
  "more claims than survive a lost host": {
    edit: { "storage.classes": { big: { kind: "block", claimsGiB: 900 } } },
    at: "homelab:storage.classes",
    says: /claims come to 2700 GiB on disks \(big 900 x 3\), and 2550 GiB are there/,
  },
  "too little memory beside Ceph": {
    edit: { "machineDefaults.memoryGiB": 12 },
    at: "homelab:machines[0].memoryGiB",
    says: /gives a disk to storage, for which Ceph and RKE2 need 13 GiB before any application; it has 12/,
  },
  "too few cores beside Ceph": {
    edit: { "machineDefaults.cores": 3 },
    at: "homelab:machines[0].cores",
    says: /need 4 cores; it has 3/,
  },
  "two default classes": {
    edit: {
      "storage.classes": {
        one: { kind: "block", default: true },
        two: { kind: "file", default: true },
      },
    },
    at: "homelab:storage.classes",
    says: /one and two are both the default/,
  },
  "a bucket as the default class": {
    edit: { "storage.classes": { s3: { kind: "bucket", default: true } } },
    at: "homelab:storage.classes.s3.default",
    says: /a bucket is not; make a block or file class the default/,
  },
  "snapshot kinds that are too old": {
    edit: { "versions.rke2": "v1.35.2+rke2r1" },
    at: "homelab:versions.rke2",
    says: /no snapshot of a volume would ever be ready; use v1\.35\.3\+rke2r1 or newer/,
  },
};

/** Ceph on the machines' disks. */
export const storage: RefusedSites = Object.fromEntries(
  Object.entries(sites).map(([name, site]) => [
    name,
    { ...site, edit: { ...site.edit, "storage.enabled": true } },
  ]),
);
