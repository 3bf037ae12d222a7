import { bucketName as postgresBucket } from "../../../components/postgres/names.ts";
import type { Problem } from "../../../components/problem.ts";
import { bucketName as redisBucket } from "../../../components/redis/names.ts";
import type { SiteConfig } from "../../schema.ts";
import type { BucketsConfig } from "./schema.ts";

type Bucket = BucketsConfig[string];

/** Each bucket has a class that keeps buckets, a name of its own there, and rules of age that do something. */
export function checkBuckets(config: SiteConfig): readonly Problem[] {
  const others = otherBuckets(config);
  return Object.entries(config.buckets).flatMap(([name, bucket]) => {
    const at = `homelab:buckets.${name}`;
    return [
      ...inClass(config, at, bucket),
      ...ownName(at, name, bucket, others),
      ...prefixes(at, bucket),
      ...copied(config, at, bucket),
    ];
  });
}

function inClass(
  { storage }: Pick<SiteConfig, "storage">,
  at: string,
  { class: named }: Bucket,
): readonly Problem[] {
  const all = storage?.classes ?? [];
  const found = all.find(({ name }) => name === named);
  if (found?.kind === "bucket") return [];
  const known = all.filter(({ kind }) => kind === "bucket").map(({ name }) => name);
  const list = known.join(", ") || "none";
  const path = `${at}.class`;
  if (found !== undefined)
    return [{ path, text: `${found.name} keeps volumes; name a class of buckets: ${list}` }];
  if (named !== undefined)
    return [{ path, text: `${named} is no class of homelab:storage; known are ${list}` }];
  const text =
    known.length === 0
      ? "the site has no class of buckets; declare one in homelab:storage.classes, with kind: bucket"
      : `the site has several classes of buckets; name one of ${list}`;
  return [{ path, text }];
}

/** Buckets that other parts call by a name, with their class. */
function otherBuckets({ postgres, redis }: SiteConfig) {
  return [
    ...Object.entries(postgres?.clusters ?? {}).map(([name, { backup }]) => ({
      of: `homelab:postgres.clusters.${name}`,
      bucket: postgresBucket(name),
      class: backup?.bucket,
    })),
    ...Object.entries(redis?.instances ?? {}).map(([name, { snapshots }]) => ({
      of: `homelab:redis.instances.${name}`,
      bucket: redisBucket(name),
      class: snapshots?.bucket,
    })),
  ];
}

/** Rook gives a bucket that is there to whoever claims it last (pkg/operator/ceph/object/bucket/provisioner.go, LinkBucket). */
function ownName(
  at: string,
  name: string,
  { class: storageClass }: Bucket,
  others: ReturnType<typeof otherBuckets>,
): readonly Problem[] {
  return others
    .filter((one) => one.bucket === name && one.class !== undefined && one.class === storageClass)
    .map(({ of }) => ({
      path: at,
      text: `${of} has a bucket of this name in the same class; name this one otherwise`,
    }));
}

function copied(
  { backup }: Pick<SiteConfig, "backup">,
  at: string,
  { backup: wanted }: Bucket,
): readonly Problem[] {
  if (wanted === undefined || backup !== undefined) return [];
  const text =
    "goes to the store of homelab:backup, which the site has not; add that section, or leave this out";
  return [{ path: `${at}.backup`, text }];
}

/** A rule that another one always goes before would only look as if it did something. */
function prefixes(at: string, { expireDays = Infinity, expire }: Bucket): readonly Problem[] {
  return expire.flatMap(({ prefix, days }, i) => {
    const path = `${at}.expire[${i}]`;
    if (expire.findIndex((one) => one.prefix === prefix) !== i)
      return [{ path: `${path}.prefix`, text: `${prefix} is there already; keep one of the two` }];
    const sooner = [
      ...(expireDays <= days ? [{ days: expireDays, whose: "expireDays" }] : []),
      ...expire
        .filter((one) => one.prefix !== prefix && prefix.startsWith(one.prefix))
        .filter((one) => one.days <= days)
        .map((one) => ({ days: one.days, whose: `the rule for ${one.prefix}` })),
    ];
    const [first] = sooner;
    if (first === undefined) return [];
    const text = `${days} days never pass: after ${first.days} ${first.whose} takes them already; lower it, or leave the rule out`;
    return [{ path: `${path}.days`, text }];
  });
}
