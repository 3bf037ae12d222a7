import { bucketName, redisNamespace } from "../../../components/redis/names.ts";
import type { DataOwner } from "../../data-loss/owners.ts";

const instanceOf = (bucket: string): string => bucket.slice(bucketName("").length);

/** A Dragonfly takes with it what is in memory, and a claim its bucket. */
export const redisData: DataOwner = {
  declared: ({ redis }) =>
    Object.entries(redis?.instances ?? {}).flatMap(([name, { snapshots }]) => [
      `redis/${name}`,
      ...(snapshots?.bucket === undefined ? [] : [`redis/${name}/snapshots`]),
    ]),
  lossOf: ({ kind, namespace, name }) => {
    if (namespace !== redisNamespace.name) return undefined;
    if (kind === "Dragonfly")
      return {
        entry: `redis/${name}`,
        what: `the Redis instance ${name}`,
        takes: "what is in its memory",
        keeps: "What is in a store outside stays there",
      };
    const instance = instanceOf(name);
    return {
      entry: `redis/${instance}/snapshots`,
      what: `the bucket with the snapshots of ${instance}`,
      takes: "they",
    };
  },
  bucketClass: ({ redis }, { kind, name }) => {
    const of = instanceOf(name);
    const wanted = redis?.instances[of]?.snapshots?.bucket;
    if (kind !== "ObjectBucketClaim" || wanted === undefined) return undefined;
    return {
      ...{ of, class: wanted, path: `homelab:redis.instances.${of}.snapshots.bucket` },
      instead: "write s3 in its place",
    };
  },
};
