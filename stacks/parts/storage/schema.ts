import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { hostForm, label } from "../../config/forms.ts";
import { switched } from "../../config/switched.ts";
import type { Versions } from "../versions/schema.ts";

const storageClass = z.strictObject({
  kind: z.enum(["block", "file", "bucket"]).meta({
    description:
      "`block`: a volume of one pod at a time; `file`: a volume that many pods share; `bucket`: S3",
    examples: ["block"],
  }),
  replicas: z
    .int()
    .min(1)
    .max(6)
    .default(3)
    .describe(
      "Copies of everything; of metadata alone where there is `erasureCoding`. With 2, a lost host leaves one copy, and with 1 none",
    ),
  failureDomain: z
    .enum(["osd", "host", "rack"])
    .default("host")
    .describe(
      "What no two copies share: a disk, a Proxmox host, or a rack, which is the label topology.kubernetes.io/region of each machine",
    ),
  erasureCoding: z
    .strictObject({
      data: z
        .int()
        .min(2)
        .max(16)
        .meta({ description: "Pieces that data is cut into", examples: [2] }),
      coding: z
        .int()
        .min(1)
        .max(8)
        .meta({ description: "Further pieces, of which as many may be lost", examples: [1] }),
    })
    .optional()
    .describe("Pieces in place of copies: takes less room, and more work"),
  reclaim: z
    .enum(["Delete", "Retain"])
    .default("Delete")
    .describe("What becomes of a volume or a bucket whose claim is gone"),
  expansion: z.boolean().default(true).describe("Whether claims may grow"),
  compression: z
    .enum(["none", "passive", "aggressive"])
    .default("none")
    .describe("Whether data is compressed: where a client asks for it, or always"),
  default: z.boolean().default(false).describe("Whether claims that name no class get this one"),
  hostnames: z
    .array(z.string().regex(hostForm, "use a lower-case DNS name such as s3.home.arpa"))
    .default([])
    .meta({
      description:
        "Of `bucket`: names by which S3 is reached from outside of the cluster, with a bucket in the path or before the name",
      examples: [["s3.home.arpa"]],
    }),
  claimsGiB: z
    .int()
    .min(0)
    .default(0)
    .describe(
      "What all claims of this class may come to; counted before anything is made, so that it still fits when a host is lost",
    ),
});

/** The classes of a site that names none. */
const usual = {
  "ceph-block": { kind: "block", default: true },
  "ceph-filesystem": { kind: "file" },
  "ceph-bucket": { kind: "bucket" },
} as const;

/** Ceph on the machines' extra disks. */
export const storage = switched("Storage: Ceph on the machines' extra disks, run by Rook", {
  classes: z
    .record(label.max(40).meta({ examples: ["ceph-block"] }), storageClass)
    .prefault(usual)
    .describe("Classes of storage by name, each a StorageClass"),
  disks: z
    .array(label)
    .min(1)
    .optional()
    .meta({
      description: "Names of the extra disks that it uses; all of them when left out",
      examples: [["data"]],
    }),
  monitoring: z
    .boolean()
    .optional()
    .meta({
      description:
        "Whether it makes monitors and alerts; the cluster must have Prometheus' kinds. Default: where there is `homelab:monitoring`",
      examples: [true],
    }),
  prometheus: z
    .url({
      protocol: /^https?$/,
      error: "use an address such as http://prometheus.monitoring:9090",
    })
    .optional()
    .meta({
      description: "Where Ceph's dashboard finds Prometheus, for its graphs",
      examples: ["http://prometheus-operated.monitoring.svc:9090"],
    }),
  wipeOnDestroy: z
    .boolean()
    .default(false)
    .describe(
      "Whether all data goes with the storage. For the last `up` before it is taken away: from then on Rook changes nothing any more",
    ),
});

/** With its versions, and classes as a list. A site that says nothing of it, and has no disks for it, has no storage. */
export function deriveStorage(
  written: Omit<z.infer<typeof storage>, "enabled">,
  { rookCeph, cephCsiDrivers, ceph }: Versions,
  around: {
    readonly machines: readonly { readonly extraDisks: readonly unknown[] }[];
    readonly monitoring: object | undefined;
  },
) {
  const untouched = storage.parse({});
  const noDisks = around.machines.every(({ extraDisks }) => extraDisks.length === 0);
  if (noDisks && isDeepStrictEqual({ ...written, enabled: true }, untouched)) return undefined;
  const { classes, monitoring, ...rest } = written;
  return {
    ...rest,
    monitoring: monitoring ?? around.monitoring !== undefined,
    classes: Object.entries(classes).map(([name, plan]) => ({ name, ...plan })),
    versions: { rook: rookCeph, csiDrivers: cephCsiDrivers, ceph },
  };
}

/** The part's config, everything filled in. */
export type StorageConfig = NonNullable<ReturnType<typeof deriveStorage>>;
