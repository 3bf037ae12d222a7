/** What a bucket says of itself, and the login that programs get. */
import { gatewayAddress, gatewayHost, gatewayServicePort } from "../storage/gateway.ts";
import { bucketRegion } from "../storage/storage-classes.ts";
import type { BucketKey } from "../storage/bucket-key.ts";
import type { BucketPlan } from "../storage/claim.ts";
import { bucketsNamespace } from "./names.ts";
import type { ExpiryPlan, StoredBucketPlan } from "./plan.ts";

/** Days after which parts of an upload that never ended go: nobody sees them, and they take room. */
const unfinishedDays = 7;

/** The claim of a bucket, which is called like it. */
export function claimOf(plan: StoredBucketPlan): BucketPlan {
  const { name, class: storageClass, maxGiB, maxObjects, expiry } = plan;
  return {
    ...{ namespace: bucketsNamespace.name, name, class: storageClass, called: true },
    ...(maxGiB === undefined ? {} : { maxSizeGiB: maxGiB }),
    ...(maxObjects === undefined ? {} : { maxObjects }),
    lifecycle: lifecycle(expiry),
  };
}

/**
 * Rules of S3's lifecycle. They are by id in their order, or Rook sets them again each time (rook,
 * Documentation/Storage-Configuration/Object-Storage-RGW/ceph-object-bucket-claim.md); of several rules for one object RGW
 * takes each (ceph, src/rgw/rgw_lc.cc, RGWLifecycleConfiguration::valid).
 */
export function lifecycle(expiry: readonly ExpiryPlan[]): string {
  const rules = [
    ...expiry.map(({ prefix = "", days }) => ({
      ID: prefix === "" ? "expire" : `expire ${prefix}`,
      Status: "Enabled",
      Prefix: prefix,
      Expiration: { Days: days },
    })),
    {
      ...{ ID: "unfinished", Status: "Enabled", Prefix: "" },
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: unfinishedDays },
    },
  ];
  return JSON.stringify({ Rules: rules.sort((a, b) => (a.ID < b.ID ? -1 : 1)) });
}

/** What a program needs to reach a bucket. */
export const loginKeys = [
  "endpoint",
  "host",
  "port",
  "region",
  "bucket",
  "accessKey",
  "secretKey",
  "pathStyle",
] as const;

/**
 * The login. Buckets are in the path: below the name of a Service nothing resolves, so that a client which puts the bucket into
 * the host's name finds nobody.
 */
export function login(
  { name, class: storageClass }: Pick<StoredBucketPlan, "name" | "class">,
  { accessKey, secretKey }: BucketKey,
): Record<(typeof loginKeys)[number], string> {
  const host = gatewayHost(storageClass);
  const port = String(gatewayServicePort);
  return {
    ...{ endpoint: `http://${gatewayAddress(storageClass)}`, host, port, region: bucketRegion },
    ...{ bucket: name, accessKey, secretKey, pathStyle: "true" },
  };
}
