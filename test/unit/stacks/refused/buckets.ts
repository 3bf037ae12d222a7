import { backupSite, target } from "../backup-site.ts";
import { bucketsSite } from "../buckets-site.ts";
import { redisSite } from "../redis-site.ts";
import type { RefusedSites } from "./index.ts";

const path = "homelab:buckets.photos";

/** Buckets that nobody could make, or whose rules would not do what they look like. */
export const buckets: RefusedSites = {
  "a bucket in a class that there is not": {
    edit: bucketsSite({ class: "minio" }),
    at: `${path}.class`,
    says: /minio is no class of homelab:storage; known are ceph-bucket/,
  },
  "a bucket in a class of volumes": {
    edit: bucketsSite({ class: "ceph-block" }),
    at: `${path}.class`,
    says: /ceph-block keeps volumes; name a class of buckets: ceph-bucket/,
  },
  "a bucket on a site without storage": {
    edit: { ...bucketsSite(), "storage.enabled": false },
    at: `${path}.class`,
    says: /has no class of buckets; declare one in homelab:storage\.classes/,
  },
  "a bucket of one of several classes": {
    edit: {
      ...bucketsSite(),
      "storage.classes": { one: { kind: "bucket" }, two: { kind: "bucket" } },
    },
    at: `${path}.class`,
    says: /has several classes of buckets; name one of one, two/,
  },
  "a bucket that Redis has": {
    edit: { ...redisSite(), buckets: { "redis-cache": {} } },
    at: "homelab:buckets.redis-cache",
    says: /homelab:redis\.instances\.cache has a bucket of this name in the same class/,
  },
  "a bucket at a path of RGW's own": {
    edit: { "storage.enabled": true, buckets: { auth: {} } },
    at: "homelab:buckets.auth",
    says: /is a path of RGW's own; use another name/,
  },
  "a bucket whose name S3 does not take": {
    edit: { "storage.enabled": true, buckets: { ab: {} } },
    at: "homelab:buckets.ab",
    says: /3 characters or more/,
  },
  "a rule of age after all has gone": {
    edit: bucketsSite({ expireDays: 30, expire: [{ prefix: "thumbs/", days: 90 }] }),
    at: `${path}.expire[0].days`,
    says: /90 days never pass: after 30 expireDays/,
  },
  "a rule of age after a wider one": {
    edit: bucketsSite({
      expire: [
        { prefix: "a/", days: 7 },
        { prefix: "a/b/", days: 7 },
      ],
    }),
    at: `${path}.expire[1].days`,
    says: /the rule for a\/ takes them already/,
  },
  "two rules of age for the same objects": {
    edit: bucketsSite({
      expire: [
        { prefix: "a/", days: 7 },
        { prefix: "a/", days: 9 },
      ],
    }),
    at: `${path}.expire[1].prefix`,
    says: /a\/ is there already/,
  },
  "a rule of age for keys that begin with a slash": {
    edit: bucketsSite({ expire: [{ prefix: "/a", days: 7 }] }),
    at: `${path}.expire[0].prefix`,
    says: /do not begin with a slash/,
  },
  "a copy of a bucket to nowhere": {
    edit: bucketsSite({ backup: {} }),
    at: `${path}.backup`,
    says: /goes to the store of homelab:backup, which the site has not/,
  },
  "copies of buckets where RKE2 deletes what is old": {
    edit: {
      ...backupSite(),
      ...bucketsSite({ backup: {} }),
      "cluster.snapshots.s3": {
        ...target,
        folder: "buckets-home",
      },
    },
    at: "homelab:backup.s3.folder",
    says: /buckets-home is in buckets-home, where RKE2 keeps snapshots of etcd/,
  },
  "a login to a bucket that nobody declares": {
    edit: { ...bucketsSite(), "apps.typeo.logins": [{ to: "bucket/films" }] },
    at: "homelab:apps.typeo.logins[0].to",
    says: /bucket\/films is not declared; known are bucket\/photos\. Declare it in homelab:buckets/,
  },
  "a loss of a bucket that is allowed and still there": {
    edit: { ...bucketsSite(), allowDataLoss: ["buckets/photos"] },
    at: "homelab:allowDataLoss[0]",
    says: /buckets\/photos is still in homelab:buckets; remove it there or here/,
  },
};
