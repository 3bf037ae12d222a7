import type { StoredBucketPlan } from "../../../components/buckets/plan.ts";
import type { BucketsConfig } from "./schema.ts";

/** A bucket as its component is told; throws where the config was not checked. */
export function bucketPlan(name: string, written: BucketsConfig[string]): StoredBucketPlan {
  const { class: storageClass, maxGiB, maxObjects, expireDays, expire } = written;
  if (storageClass === undefined)
    throw new Error(
      `homelab:buckets.${name}: the config was checked to have a class, and has none`,
    );
  return {
    ...{ name, class: storageClass },
    ...(maxGiB === undefined ? {} : { maxGiB }),
    ...(maxObjects === undefined ? {} : { maxObjects }),
    expiry: [...(expireDays === undefined ? [] : [{ days: expireDays }]), ...expire],
  };
}
