import { backupSite, claim, target } from "../backup-site.ts";
import type { RefusedSites } from "./index.ts";

/** Backups that would not be made, or not be there when they are needed. */
export const backup: RefusedSites = {
  "backups inside of the cluster": {
    edit: backupSite({
      s3: { ...target, endpoint: "http://rook-ceph-rgw-ceph-bucket.rook-ceph.svc" },
    }),
    at: "homelab:backup.s3.endpoint",
    says: /is inside of the cluster, and lost with it; name a store outside/,
  },
  "backups at a name that policies cannot let through": {
    edit: backupSite({ s3: { ...target, endpoint: "https://nas:9000" } }),
    at: "homelab:backup.s3.endpoint",
    says: /neither an IPv4 address nor a DNS name of two labels/,
  },
  "backups in another site at a port that nothing leads to": {
    edit: {
      ...backupSite({ s3: { ...target, endpoint: "http://s3.cabin.home.arpa" } }),
      "tailnet.egress": {
        cabin: { ip: "100.101.102.104", ports: [443], hostnames: ["s3.cabin.home.arpa"] },
      },
    },
    at: "homelab:backup.s3.endpoint",
    says: /leads to homelab:tailnet\.egress\.cabin, which has TCP 443 and not TCP 80; list 80 there/,
  },
  "backups where RKE2 deletes by age": {
    edit: backupSite({ s3: { ...target, bucket: "etcd-snapshots", folder: "home/volumes" } }),
    at: "homelab:backup.s3.folder",
    says: /home\/volumes is in home, where RKE2 keeps snapshots of etcd and deletes/,
  },
  "a password of backups in the clear": {
    edit: backupSite({ password: "canary" }),
    at: "homelab:backup.password",
    says: /use a reference: op:/,
  },
  "backups of which none is kept": {
    edit: backupSite({ keep: {} }),
    at: "homelab:backup.keep",
    says: /keeps nothing but the last backup of each volume; write daily: 7/,
  },
  "a schedule that the day does not hold": {
    edit: backupSite({ everyHours: 5 }),
    at: "homelab:backup.everyHours",
    says: /1.*24/,
  },
  "a VolSync whose kinds nobody knows": {
    edit: { ...backupSite(), "versions.volsync": "0.15.0" },
    at: "homelab:versions.volsync",
    says: /not known for 0\.15\.0; known are 0\.16\.0/,
  },
  "backups of a class without snapshots": {
    edit: backupSite({ claims: [{ ...claim, class: "local-path" }] }),
    at: "homelab:backup.claims[0].class",
    says: /local-path is no class of homelab:storage; .* known are ceph-block, ceph-filesystem/,
  },
  "backups of a bucket as of a volume": {
    edit: backupSite({ claims: [{ ...claim, class: "ceph-bucket" }] }),
    at: "homelab:backup.claims[0].class",
    says: /ceph-bucket keeps buckets, of which volumes are none/,
  },
  "backups without storage": {
    edit: { ...backupSite(), "storage.enabled": false },
    at: "homelab:backup.claims[0].class",
    says: /is of the default class, and there is none; volumes are saved from snapshots/,
  },
  "a mover with root's rights": {
    edit: backupSite({ claims: [{ ...claim, uid: 0 }] }),
    at: "homelab:backup.claims[0].uid",
    says: /use the files' own user/,
  },
  "a claim in one repository twice": {
    edit: backupSite({ claims: [claim, claim] }),
    at: "homelab:backup.claims[1]",
    says: /monitoring\/prometheus-db-0 is saved by homelab:backup\.claims\[0\] already/,
  },
};
