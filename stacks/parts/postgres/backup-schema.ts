/** Backups of a Postgres cluster and what it is recovered from, as the site file says them. */
import { z } from "zod";
import { weekdays } from "../../../components/postgres/plan.ts";
import { label } from "../../config/forms.ts";
import { s3Store } from "../../config/s3-store.ts";

const s3 = z
  .strictObject(
    s3Store({
      elsewhere: "the bucket has a key of its own",
      bucket: "postgres",
      secretKey: "Secret of the key",
    }),
  )
  .describe("S3 store outside of the cluster, which is there when the cluster is lost");

/** Where a cluster's log and base backups go. */
export const backup = z.strictObject({
  bucket: label.optional().meta({
    description:
      "Class of storage of the kind `bucket`, in which the cluster gets a bucket; this or `s3`. It is lost with the site",
    examples: ["ceph-bucket"],
  }),
  maxSizeGiB: z
    .int()
    .min(1)
    .optional()
    .meta({
      description: "What the bucket may hold; without an end when left out",
      examples: [200],
    }),
  s3: s3.optional(),
  at: z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/, "use a time of day such as 02:30, in UTC")
    .default("02:30")
    .describe("When base backups are made, in UTC; the log is archived all the time"),
  weekdays: z
    .array(z.enum(weekdays))
    .default([])
    .meta({
      description: "Days of base backups; every day when left out",
      examples: [["sunday", "wednesday"]],
    }),
  keepDays: z
    .int()
    .min(1)
    .max(3650)
    .default(30)
    .describe(
      "Days back to which the cluster can be recovered; what only older moments need is deleted",
    ),
  archive: label.optional().meta({
    description:
      "Folder of the store, which belongs to one life of the cluster; NAME-MAJOR when left out. A cluster that begins anew needs another one",
    examples: ["main-18-b"],
  }),
});

/** What a cluster begins with in place of nothing. */
export const recover = z.strictObject({
  from: label.optional().meta({
    description: "Cluster of the site whose store is read; this cluster's own when left out",
    examples: ["main"],
  }),
  archive: label.optional().meta({
    description: "Folder of that store; the one that `from` writes when left out",
    examples: ["main-18"],
  }),
  at: z
    .string()
    .regex(
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/,
      "use a moment with its zone, such as 2026-11-20T18:00:00Z",
    )
    .optional()
    .meta({
      description: "Moment that is recovered; the last that was archived when left out",
      examples: ["2026-11-20T18:00:00Z"],
    }),
});
