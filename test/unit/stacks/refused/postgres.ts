import { postgresSite, recovered } from "../postgres-site.ts";
import type { RefusedSites } from "./index.ts";

const path = "homelab:postgres.clusters.main";

/** Postgres that could not run, that would lose what it is asked to keep, or that would write over another one's archive. */
export const postgres: RefusedSites = {
  "Postgres without certificates": {
    edit: { ...postgresSite(), "certificates.enabled": false, "gateway.enabled": false },
    at: "homelab:certificates",
    says: /homelab:postgres needs it: operator and plugin know each other by certificates/,
  },
  "a release of PostgreSQL that is a number": {
    edit: postgresSite({ version: 18.1 }),
    at: `${path}.version`,
    says: /string/,
  },
  "a PostgreSQL that the operator does not run": {
    edit: postgresSite({ version: "13.22" }),
    at: `${path}.version`,
    says: /chart 0\.29\.0 does not run PostgreSQL 13, but 14, 15, 16, 17, 18/,
  },
  "a PostgreSQL with a bug in its upgrades": {
    edit: postgresSite({ version: "17.4" }),
    at: `${path}.version`,
    says: /use 17\.6 or newer/,
  },
  "an image that says another release than runs": {
    edit: postgresSite({ image: "ghcr.io/tensorchord/cloudnative-vectorchord:17.10-1.1.1" }),
    at: `${path}.image`,
    says: /does not begin with 18\.4, and by the tag the operator knows what runs/,
  },
  "an operator whose kinds nobody knows": {
    edit: { ...postgresSite(), "versions.cloudNativePg": "0.28.3" },
    at: "homelab:versions.cloudNativePg",
    says: /not known for 0\.28\.3; known are 0\.29\.0/,
  },
  "more instances than hosts": {
    edit: postgresSite({ instances: 5 }),
    at: `${path}.instances`,
    says: /needs a host with pods for each instance, and the site has 4/,
  },
  "a database in a class of buckets": {
    edit: postgresSite({ storage: { class: "ceph-bucket" } }),
    at: `${path}.storage.class`,
    says: /is of the kind bucket; name a block class: known are ceph-block/,
  },
  "a database in a class that is not there": {
    edit: postgresSite({ wal: { class: "fast" } }),
    at: `${path}.wal.class`,
    says: /fast is no class of homelab:storage; name a block class/,
  },
  "a database without any storage": {
    edit: { ...postgresSite({ storage: {}, backup: undefined }), "storage.enabled": false },
    at: `${path}.storage.class`,
    says: /is missing: the site has no storage/,
  },
  "databases larger than their class was planned for": {
    edit: {
      ...postgresSite(),
      "storage.classes": {
        "ceph-block": { kind: "block", default: true, claimsGiB: 70 },
        "ceph-bucket": { kind: "bucket" },
      },
    },
    at: "homelab:storage.classes.ceph-block.claimsGiB",
    says: /Postgres alone claims 75 GiB of it, and 70 are planned/,
  },
  "a setting that is the operator's": {
    edit: postgresSite({ parameters: { archive_command: "cp" } }),
    at: `${path}.parameters.archive_command`,
    says: /is the operator's own/,
  },
  "a role that PostgreSQL has": {
    edit: postgresSite({ databases: { photos: { owner: "pg_owner" } } }),
    at: `${path}.roles.pg_owner`,
    says: /is a role of PostgreSQL's or the operator's own/,
  },
  "a database that every cluster has": {
    edit: postgresSite({ databases: { template1: { owner: "photos" } } }),
    at: `${path}.databases.template1`,
    says: /every cluster has; use another name/,
  },
  "a password in place of its reference": {
    edit: postgresSite({ roles: { photos: { password: "canary" } } }),
    at: `${path}.roles.photos.password`,
    says: /use a reference: op:/,
  },
  "a login in a namespace that another part makes": {
    edit: postgresSite({ databases: { photos: { secretIn: ["cloudflared"] } } }),
    at: `${path}.databases.photos.secretIn[0]`,
    says: /cloudflared is made by another part of the site/,
  },
  "two databases with one Secret": {
    edit: postgresSite(
      {},
      { second: { version: "18.4", databases: { photos: { secretIn: ["photos"] } } } },
    ),
    at: "homelab:postgres.clusters.second.databases.photos.secretIn[0]",
    says: /has the Secret of a database photos of main already/,
  },
  "a backup to nowhere": {
    edit: postgresSite({ backup: { keepDays: 7 } }),
    at: `${path}.backup`,
    says: /has no store; write bucket .* or s3/,
  },
  "a backup to a class that is no bucket": {
    edit: postgresSite({ backup: { bucket: "ceph-block" } }),
    at: `${path}.backup.bucket`,
    says: /is no bucket class of homelab:storage; known are ceph-bucket/,
  },
  "a backup to a name that no policy can let pass": {
    edit: postgresSite(
      {},
      {
        second: {
          ...recovered,
          backup: { s3: { ...recovered.backup.s3, endpoint: "http://nas:9000" } },
        },
      },
    ),
    at: "homelab:postgres.clusters.second.backup.s3.endpoint",
    says: /nas is neither an IPv4 address nor a DNS name/,
  },
  "a time of backups as cron writes it": {
    edit: postgresSite({ backup: { bucket: "ceph-bucket", at: "0 30 2 * * *" } }),
    at: `${path}.backup.at`,
    says: /use a time of day such as 02:30/,
  },
  "two clusters with one archive": {
    edit: postgresSite(
      {},
      {
        second: { ...recovered, recover: undefined },
        third: {
          ...recovered,
          recover: undefined,
          backup: { ...recovered.backup, archive: "second-18" },
        },
      },
    ),
    at: "homelab:postgres.clusters.third.backup.archive",
    says: /second writes to the same folder of the same bucket/,
  },
  "a recovery from a cluster that is not there": {
    edit: postgresSite({}, { second: { ...recovered, recover: { from: "mian" } } }),
    at: "homelab:postgres.clusters.second.recover.from",
    says: /mian is no cluster of homelab:postgres; known are main, second/,
  },
  "a recovery from a cluster without a backup": {
    edit: postgresSite({ backup: undefined }, { second: recovered }),
    at: "homelab:postgres.clusters.second.recover.from",
    says: /main has no backup to recover from/,
  },
  "a recovery that would write where it reads": {
    edit: postgresSite({ recover: {} }),
    at: `${path}.backup.archive`,
    says: /main-18 is what the cluster is recovered from, and a new life cannot write there; name another folder, such as main-18-b/,
  },
  "a recovery into another major": {
    edit: postgresSite({}, { second: { ...recovered, version: "17.10" } }),
    at: "homelab:postgres.clusters.second.version",
    says: /17\.10 cannot read the archive main-18 of main, which is of PostgreSQL 18; recover with the same major/,
  },
  "a recovery of an older life into another major": {
    edit: postgresSite(
      {},
      { second: { ...recovered, recover: { from: "main", archive: "main-17" } } },
    ),
    at: "homelab:postgres.clusters.second.version",
    says: /18\.4 cannot read the archive main-17 of main, which is of PostgreSQL 17/,
  },
  "a recovery to a moment without its zone": {
    edit: postgresSite(
      {},
      { second: { ...recovered, recover: { from: "main", at: "2026-11-20 12:00" } } },
    ),
    at: "homelab:postgres.clusters.second.recover.at",
    says: /use a moment with its zone/,
  },
  "a loss that is allowed of what is still there": {
    edit: { ...postgresSite(), allowDataLoss: ["postgres/main"] },
    at: "homelab:allowDataLoss[0]",
    says: /postgres\/main is still in homelab:postgres; remove it there or here/,
  },
};
