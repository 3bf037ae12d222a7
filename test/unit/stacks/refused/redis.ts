import { outside, redisSite } from "../redis-site.ts";
import type { RefusedSites } from "./index.ts";

const path = "homelab:redis.instances.cache";

/** Redis that could not run, or that would not be saved where it says. */
export const redis: RefusedSites = {
  "more pods of Redis than hosts": {
    edit: redisSite({ replicas: 5 }),
    at: `${path}.replicas`,
    says: /needs a host with pods for each, and the site has 4/,
  },
  "less memory than Dragonfly starts with": {
    edit: redisSite({ memoryMiB: 256 }),
    at: `${path}.memoryMiB`,
    says: /320 is the least with which Dragonfly starts/,
  },
  "a Dragonfly older than its operator": {
    edit: redisSite({ version: "v1.36.0" }),
    at: `${path}.version`,
    says: /older than what the operator was made for; use v1\.39\.0 or newer/,
  },
  "an operator of Redis whose kind nobody knows": {
    edit: { ...redisSite(), "versions.dragonfly": "v1.5.0" },
    at: "homelab:versions.dragonfly",
    says: /not known for v1\.5\.0; known are v1\.6\.1/,
  },
  "a password of Redis in the clear": {
    edit: redisSite({ password: "canary" }),
    at: `${path}.password`,
    says: /use a reference: op:/,
  },
  "snapshots to nowhere": {
    edit: redisSite({ snapshots: {} }),
    at: `${path}.snapshots`,
    says: /has no store; write bucket .* or s3/,
  },
  "snapshots to a class that is no bucket": {
    edit: redisSite({ snapshots: { bucket: "ceph-block" } }),
    at: `${path}.snapshots.bucket`,
    says: /is no bucket class of homelab:storage; known are ceph-bucket/,
  },
  "a rule of expiry that only the store outside can have": {
    edit: redisSite({ snapshots: { ...outside.snapshots, keepDays: 7 } }),
    at: `${path}.snapshots.keepDays`,
    says: /write a rule of expiry at the store outside/,
  },
  "an authority that Dragonfly cannot be told of": {
    edit: redisSite({
      snapshots: { s3: { ...outside.snapshots.s3, ca: "-----BEGIN CERTIFICATE-----\n" } },
    }),
    at: `${path}.snapshots.s3.ca`,
    says: /unknown key/,
  },
  "a time between snapshots that the day does not hold": {
    edit: redisSite({ snapshots: { bucket: "ceph-bucket", everyHours: 5 } }),
    at: `${path}.snapshots.everyHours`,
    says: /1.*24/,
  },
  "two instances in one folder": {
    edit: redisSite(outside, {
      second: { snapshots: { ...outside.snapshots, folder: "cache" } },
    }),
    at: "homelab:redis.instances.second.snapshots.folder",
    says: /cache saves to the same folder of the same bucket/,
  },
  "a loss of Redis that is allowed and still there": {
    edit: { ...redisSite(), allowDataLoss: ["redis/cache/snapshots"] },
    at: "homelab:allowDataLoss[0]",
    says: /redis\/cache\/snapshots is still in homelab:redis; remove it there or here/,
  },
};
