import type { RefusedSites } from "./index.ts";

/** Storage with these classes besides a class of blocks. */
const classes = (more: object, block: object = {}) => ({
  "storage.enabled": true,
  "storage.classes": { blocks: { kind: "block", default: true, ...block }, ...more },
});

/** Logs that would have nowhere to be kept, or no time. */
export const logs: RefusedSites = {
  "logs without storage": {
    edit: { "storage.enabled": false, logs: {} },
    at: "homelab:storage",
    says: /homelab:logs needs it: Loki keeps lines in a bucket, .* switch it on, or logs off/,
  },
  "logs without a class of buckets": {
    edit: { ...classes({}), logs: {} },
    at: "homelab:logs.class",
    says: /homelab:storage has no class of kind bucket; add one/,
  },
  "lines in a class of volumes": {
    edit: { ...classes({ lines: { kind: "bucket" } }), logs: { class: "blocks" } },
    at: "homelab:logs.class",
    says: /blocks is no class of kind bucket in homelab:storage; known are lines$/,
  },
  "lines that wait in a class of buckets": {
    edit: { ...classes({ lines: { kind: "bucket" } }), logs: { volume: { class: "lines" } } },
    at: "homelab:logs.volume.class",
    says: /lines is no class of kind block in homelab:storage; known are blocks$/,
  },
  "more lines than all claims of their class": {
    edit: { ...classes({ lines: { kind: "bucket", claimsGiB: 30 } }), logs: { sizeGiB: 40 } },
    at: "homelab:logs.sizeGiB",
    says: /come to 40 GiB \(lines 40\), and all of them to 30; raise claimsGiB/,
  },
  "metrics and logs that together are more than all claims of their class": {
    edit: {
      ...classes({ lines: { kind: "bucket" } }, { claimsGiB: 25 }),
      monitoring: { grafanaPassword: "op://Homelab/Grafana/password" },
      logs: {},
    },
    at: "homelab:logs.volume.sizeGiB",
    says: /come to 31 GiB \(the volume of logs 10, metrics and silences 21\), and all of them to 25/,
  },
  "logs that are deleted at once": {
    edit: { "storage.enabled": true, logs: { retentionDays: 0 } },
    at: "homelab:logs.retentionDays",
    says: /deletes nothing that is younger than a day; use 1 or more/,
  },
  "logs for a century": {
    edit: { "storage.enabled": true, logs: { retentionDays: 36_500 } },
    at: "homelab:logs.retentionDays",
    says: /use at most 3650/,
  },
  "a unit that is none": {
    edit: { "storage.enabled": true, logs: { units: ["ssh service"] } },
    at: "homelab:logs.units[0]",
    says: /use a unit as systemctl lists it/,
  },
};
