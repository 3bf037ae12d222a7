import { z } from "zod";
import { volsyncVersions } from "../../../components/definitions/volsync.ts";
import type { Derivation } from "../../config/derivation.ts";
import { label } from "../../config/forms.ts";
import { folderStore } from "../../config/s3-store.ts";
import { oneLine, secretRef } from "../../config/secret-ref.ts";
import { pinned } from "../definitions/pinned.ts";
import type { Versions } from "../versions/schema.ts";

const s3 = z
  .strictObject(
    folderStore("volumes", {
      description:
        "Folder in the bucket, which no other site may have; default: volumes-STACK. Each volume has a folder below it",
      example: "volumes-home",
    }),
  )
  .describe(
    "S3 store outside of the cluster, which is there when the cluster is lost: a NAS, a provider, another site",
  );

const kept = (what: string, example: number) =>
  z
    .int()
    .min(1)
    .max(1000)
    .optional()
    .meta({ description: `Backups that are kept, one of each ${what}`, examples: [example] });

const claim = z.strictObject({
  namespace: label.meta({ description: "Its namespace", examples: ["monitoring"] }),
  name: label.meta({ description: "Its name", examples: ["prometheus-db-0"] }),
  class: label.optional().meta({
    description: "Class of its storage; the site's default when left out",
    examples: ["ceph-block"],
  }),
  uid: z
    .int()
    .min(
      1,
      "a mover with root's rights would need them for all of the namespace; use the files' own user",
    )
    .meta({ description: "User that its files belong to", examples: [1000] }),
  gid: z
    .int()
    .min(1)
    .optional()
    .meta({ description: "Group that its files belong to; `uid` when left out", examples: [1000] }),
});

/** Backups of volumes. */
export const backup = z
  .strictObject({
    s3,
    password: secretRef(
      "Password of all repositories. Without it no backup is ever read again: keep it where the cluster's end is not its own",
      "op://Homelab/Backup/password",
      oneLine,
    ),
    at: z
      .string()
      .regex(/^([01]\d|2[0-3]):[0-5]\d$/, "use a time of day such as 03:00, in UTC")
      .default("03:00")
      .describe("From when on backups are made, in UTC; each volume begins within half an hour"),
    everyHours: z
      .literal([1, 2, 3, 4, 6, 8, 12, 24])
      .default(24)
      .describe("Hours between two of a volume"),
    keep: z
      .strictObject({
        hourly: kept("hour", 24),
        daily: kept("day", 7),
        weekly: kept("week", 4),
        monthly: kept("month", 6),
        yearly: kept("year", 2),
      })
      .default({ daily: 7, weekly: 4, monthly: 6 })
      .describe("Backups that are kept of each volume"),
    cacheGiB: z
      .int()
      .min(1)
      .max(100)
      .default(2)
      .describe(
        "Volume beside each that is saved, for the index of its repository; a library of a terabyte wants 8 or so. It can be made larger where the class lets claims grow, and never smaller",
      ),
    memoryMiB: z
      .int()
      .min(256)
      .default(1024)
      .describe("Memory that a mover may take; a repository with millions of files wants more"),
    claims: z
      .array(claim)
      .default([])
      .describe(
        "Claims that somebody else than the program makes, such as an operator, to be saved too. They do not begin with their backup by themselves: docs/backup.md",
      ),
  })
  .describe(
    "Backups of volumes, by VolSync with restic, and copies of buckets, by rclone, to a store outside; a site without this section has none",
  );

type Written = z.infer<typeof backup>;

/** The section with VolSync's version, whose kinds are pinned. */
export function deriveBackup(
  written: Written,
  { volsync, rclone }: Versions,
  derivation: Derivation,
) {
  return {
    ...written,
    rclone,
    chart: pinned(
      {
        key: "volsync",
        version: volsync,
        known: volsyncVersions,
        unknown: "the checksums of its custom resource definitions are",
      },
      derivation,
    ),
  };
}

/** The part's config, everything filled in. */
export type BackupConfig = ReturnType<typeof deriveBackup>;
