import type { Changes } from "./sample.ts";

/** Home's changes by which it has storage and a bucket that differs. */
export function bucketsSite(changes: object = {}, others: object = {}): Changes {
  return {
    "storage.enabled": true,
    buckets: { photos: { maxGiB: 500, maxObjects: 1_000_000, ...changes }, ...others },
  };
}
