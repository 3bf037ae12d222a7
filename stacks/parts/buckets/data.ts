import { bucketsNamespace } from "../../../components/buckets/names.ts";
import type { DataOwner } from "../../data-loss/owners.ts";

/** A claim takes its bucket with it, and Rook all objects in it (pkg/operator/ceph/object/bucket/rgw-handlers.go). */
export const bucketData: DataOwner = {
  declared: ({ buckets }) => Object.keys(buckets).map((name) => `buckets/${name}`),
  lossOf: ({ namespace, name }) =>
    namespace === bucketsNamespace.name
      ? { entry: `buckets/${name}`, what: `the bucket ${name}`, takes: "every object in it" }
      : undefined,
  bucketClass: ({ buckets }, { kind, name }) => {
    const wanted = buckets[name]?.class;
    if (kind !== "ObjectBucketClaim" || wanted === undefined) return undefined;
    return {
      ...{ of: name, class: wanted, path: `homelab:buckets.${name}.class` },
      instead: "declare another bucket, and copy what is in it",
    };
  },
};
