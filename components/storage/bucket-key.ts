import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import { runtime, type Output, type Resource } from "@pulumi/pulumi";
import { liveId } from "../workload/live.ts";
import type { Bucket } from "./claim.ts";

/** A key of S3, in plain. */
export interface BucketKey {
  readonly accessKey: string;
  readonly secretKey: string;
}

/** What Rook calls the two halves of a key in a claim's Secret (lib-bucket-provisioner, pkg/provisioner/resourcehandlers.go). */
export const keyNames = { access: "AWS_ACCESS_KEY_ID", secret: "AWS_SECRET_ACCESS_KEY" } as const;

/**
 * The key that Rook has made for a claim; read at each run, for whoever makes a claim anew by hand makes another one. `answers` is
 * whether the cluster's API can be asked.
 */
export function bucketKey(
  name: string,
  bucket: Bucket,
  answers: () => Promise<boolean>,
  parent: Resource,
): Output<BucketKey> {
  const { data } = Secret.get(
    `${name}-key`,
    bucket.path.apply((path) => liveId(path, runtime.isDryRun(), answers)),
    { parent, dependsOn: [bucket] },
  );
  return data.apply((held) => {
    const text = (key: string): string => Buffer.from(held[key] ?? "", "base64").toString();
    return { accessKey: text(keyNames.access), secretKey: text(keyNames.secret) };
  });
}
