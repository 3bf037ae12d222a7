import { z } from "zod";
import { label } from "../../config/forms.ts";
import type { StorageConfig } from "../storage/schema.ts";

const days = z.int().min(1).max(36_500);

const expiry = z.strictObject({
  prefix: z
    .string()
    .min(1)
    .max(200)
    .regex(/^[^/]/, "keys of S3 do not begin with a slash; write thumbs/ for all below thumbs")
    .meta({ description: "What their keys begin with", examples: ["thumbs/"] }),
  days: days.meta({ description: "Days after which they go", examples: [30] }),
});

const backup = z
  .strictObject({
    keepDays: z
      .int()
      .min(1)
      .max(3650)
      .default(30)
      .describe("Days that what was deleted or overwritten stays beside the copy"),
  })
  .describe(
    "Whether it is copied to the store of `homelab:backup`, by that section's schedule, and begins with its copy when it is made anew",
  );

const bucket = z
  .strictObject({
    class: label.optional().meta({
      description:
        "Class of `homelab:storage` of the kind `bucket`; the only one of that kind when left out. A bucket stays in its class",
      examples: ["ceph-bucket"],
    }),
    maxGiB: z
      .int()
      .min(1)
      .optional()
      .meta({
        description: "What it may come to; new objects are refused then. Any when left out",
        examples: [500],
      }),
    maxObjects: z
      .int()
      .min(1)
      .optional()
      .meta({ description: "Objects that it may have; any when left out", examples: [1_000_000] }),
    expireDays: days.optional().meta({
      description: "Days after which every object goes; none does when left out",
      examples: [90],
    }),
    expire: z
      .array(expiry)
      .max(50)
      .default([])
      .describe("Objects that go sooner, by what their keys begin with"),
    backup: backup.optional(),
  })
  .describe("A bucket of S3, with a key of its own");

/** Buckets of applications. */
export const buckets = z
  .record(
    z
      .string()
      .min(3, "a bucket's name has 3 characters or more")
      .max(40)
      .regex(
        /^[a-z]([a-z0-9-]*[a-z0-9])?$/,
        "begin with a letter and use lower-case letters, digits and hyphens",
      )
      // RGW answers at these for other interfaces (ceph, src/rgw/rgw_appmain.cc, cond_init_apis).
      .regex(/^(?!(admin|auth|swift)$)/, "is a path of RGW's own; use another name")
      .meta({ examples: ["photos"] }),
    bucket,
  )
  .default({})
  .describe(
    "Buckets for applications by name, in the site's own storage; applications reach one by `logins`",
  );

type Written = z.infer<typeof buckets>;

/** The section with the class of each; undefined where nothing says which one. */
export function deriveBuckets(written: Written, storage: StorageConfig | undefined) {
  const classes = (storage?.classes ?? []).filter(({ kind }) => kind === "bucket");
  const usual = classes.length === 1 ? classes[0]?.name : undefined;
  return Object.fromEntries(
    Object.entries(written).map(([name, { class: named, ...rest }]) => [
      name,
      { ...rest, class: named ?? usual },
    ]),
  );
}

/** The part's config, everything filled in. */
export type BucketsConfig = ReturnType<typeof deriveBuckets>;
