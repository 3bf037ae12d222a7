import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import {
  ComponentResource,
  runtime,
  secret,
  type ComponentResourceOptions,
  type Output,
  type Resource,
} from "@pulumi/pulumi";
import { Bucket } from "../storage/claim.ts";
import { liveId } from "../workload/live.ts";
import type { StoreLogin } from "../workload/login.ts";
import { keyNames } from "./names.ts";
import { claimOf, login, type BucketKey } from "./objects.ts";
import type { StoredBucketPlan } from "./plan.ts";

export interface StoredBucketArgs {
  readonly plan: StoredBucketPlan;
  /** Whether the cluster's API can be asked. */
  readonly answers: () => Promise<boolean>;
  /** Namespace and storage. */
  readonly after: readonly Resource[];
}

/**
 * A bucket of applications, with a user and a key of its own that Rook makes. A claim is bound once Rook has made the bucket by
 * this very key (rook v1.20.6, pkg/operator/ceph/object/bucket/provisioner.go). The cluster's provider is that of
 * `opts.providers`.
 */
export class StoredBucket extends ComponentResource {
  /** How programs log in. */
  readonly login: StoreLogin;

  constructor(name: string, args: StoredBucketArgs, opts?: ComponentResourceOptions) {
    super("homelab:buckets:Bucket", name, {}, opts);
    const { plan, after } = args;
    const bucket = new Bucket(name, claimOf(plan), { parent: this, dependsOn: [...after] });
    const key = this.key(name, args, bucket);
    this.login = {
      values: secret(key.apply((plain): Readonly<Record<string, string>> => login(plan, plain))),
      ready: bucket,
    };
    this.registerOutputs({});
  }

  /** The key is read at each run: whoever makes a claim anew by hand makes another one. */
  private key(name: string, { answers }: StoredBucketArgs, bucket: Bucket): Output<BucketKey> {
    const { data } = Secret.get(
      `${name}-key`,
      bucket.path.apply((path) => liveId(path, runtime.isDryRun(), answers)),
      { parent: this, dependsOn: [bucket] },
    );
    return data.apply((held) => {
      const text = (key: string): string => Buffer.from(held[key] ?? "", "base64").toString();
      return { accessKey: text(keyNames.access), secretKey: text(keyNames.secret) };
    });
  }
}
