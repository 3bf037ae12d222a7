import { z } from "zod";
import { dragonflyVersions } from "../../../components/definitions/redis.ts";
import { leastMemoryMiB } from "../../../components/redis/instance-object.ts";
import { dragonflyVersion } from "../../../components/redis/releases.ts";
import type { Derivation } from "../../config/derivation.ts";
import { label, storeName } from "../../config/forms.ts";
import { s3Store } from "../../config/s3-store.ts";
import { oneLine, secretRef } from "../../config/secret-ref.ts";
import { pinned } from "../definitions/pinned.ts";
import type { Versions } from "../versions/schema.ts";

const { ca, ...outside } = s3Store({
  elsewhere: "the bucket has a key of its own",
  bucket: "redis",
  secretKey: "Secret of the key",
});
// Dragonfly trusts the authorities of its image alone (helio, util/http/http_client.cc).
void ca;

const s3 = z
  .strictObject(outside)
  .describe(
    "S3 store outside of the cluster; by https it must speak TLS 1.3, with a certificate of a public authority",
  );

const everyHours = [1, 2, 3, 4, 6, 8, 12, 24] as const;

const snapshots = z.strictObject({
  bucket: label.optional().meta({
    description:
      "Class of storage of the kind `bucket`, in which the instance gets a bucket; this or `s3`",
    examples: ["ceph-bucket"],
  }),
  s3: s3.optional(),
  everyHours: z
    .literal(everyHours)
    .default(1)
    .describe("Hours between two, on the hour; what was written since is lost when all pods are"),
  keepDays: z
    .int()
    .min(1)
    .max(365)
    .optional()
    .meta({
      description:
        "Days that a `bucket` keeps snapshots, the newest too; 7 when left out. A store outside has rules of its own",
      examples: [14],
    }),
  folder: label
    .optional()
    .meta({ description: "Folder of the store; NAME when left out", examples: ["cache-b"] }),
});

const instance = z.strictObject({
  version: z
    .string()
    .regex(/^v\d+\.\d+\.\d+$/, "use a release such as v1.39.0")
    .default(dragonflyVersion)
    .describe("Release of Dragonfly"),
  replicas: z
    .int()
    .min(1)
    .max(5)
    .default(2)
    .describe("Pods, the master among them, each on a host of its own; with 1 nobody takes over"),
  memoryMiB: z
    .int()
    .min(leastMemoryMiB, `${leastMemoryMiB} is the least with which Dragonfly starts`)
    .default(512)
    .describe("Memory of each pod, of which four fifths are for data"),
  evicts: z
    .boolean()
    .default(false)
    .describe("Whether the least used goes when the memory is full; writes fail then without"),
  undeclaredKeys: z
    .boolean()
    .default(false)
    .describe("Whether scripts may touch keys that they do not declare, as Immich's do"),
  password: secretRef(
    "Password; the program draws one when left out",
    "op://Homelab/Redis/password",
    oneLine,
  ).optional(),
  snapshots: snapshots
    .optional()
    .describe("Where what is in memory is saved to; without it all is lost when all pods are"),
});

/** Redis. */
export const redis = z
  .strictObject({
    instances: z.record(storeName(40, "cache"), instance).default({}).describe("Instances by name"),
  })
  .describe("Redis, run as Dragonfly by its operator; a site without this section has none");

type Written = z.infer<typeof redis>;

/** The section with the operator's version, whose kind is pinned, and with what instances leave out. */
export function deriveRedis(
  { instances }: Written,
  { dragonfly }: Versions,
  derivation: Derivation,
) {
  return {
    chart: pinned(
      {
        key: "dragonfly",
        version: dragonfly,
        known: dragonflyVersions,
        unknown: "the checksum of its custom resource definition is",
      },
      derivation,
    ),
    instances: Object.fromEntries(
      Object.entries(instances).map(([name, { snapshots: to, ...rest }]) => [
        name,
        {
          ...rest,
          ...(to === undefined ? {} : { snapshots: { ...to, folder: to.folder ?? name } }),
        },
      ]),
    ),
  };
}

/** The part's config, everything filled in. */
export type RedisConfig = ReturnType<typeof deriveRedis>;
