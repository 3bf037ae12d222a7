import {
  ComponentResource,
  secret,
  type ComponentResourceOptions,
  type Output,
  type Resource,
} from "@pulumi/pulumi";
import { bucketKey, type BucketKey } from "../storage/bucket-key.ts";
import { Bucket } from "../storage/claim.ts";
import type { StoreKey, StoreLogin } from "../workload/login.ts";
import type { ReachedMachine } from "../machine.ts";
import { BucketCopy } from "./copy.ts";
import type { CopyPlan } from "./copy-plan.ts";
import { claimOf, login } from "./objects.ts";
import type { StoredBucketPlan } from "./plan.ts";

export interface StoredBucketArgs {
  readonly plan: StoredBucketPlan;
  /** Its copy outside, with the key of the store there; none without. */
  readonly copy?: { readonly plan: CopyPlan; readonly storeKey: StoreKey };
  /** Where the cluster is asked. */
  readonly server: ReachedMachine;
  /** Whether the cluster's API can be asked. */
  readonly answers: () => Promise<boolean>;
  /** Namespace and storage. */
  readonly after: readonly Resource[];
}

/**
 * A bucket of applications, with a user and a key of its own that Rook makes. A claim is bound once Rook has made the bucket by
 * this very key (rook v1.20.6, pkg/operator/ceph/object/bucket/provisioner.go); one with a copy is filled from it before anybody
 * logs in. The cluster's provider is that of `opts.providers`.
 */
export class StoredBucket extends ComponentResource {
  /** How programs log in. */
  readonly login: StoreLogin;

  constructor(name: string, args: StoredBucketArgs, opts?: ComponentResourceOptions) {
    super("homelab:buckets:Bucket", name, {}, opts);
    const { plan, after } = args;
    const bucket = new Bucket(name, claimOf(plan), { parent: this, dependsOn: [...after] });
    const key = bucketKey(name, bucket, args.answers, this);
    const copy = this.copy(name, args, bucket, key);
    this.login = {
      values: secret(key.apply((plain): Readonly<Record<string, string>> => login(plan, plain))),
      ready: copy?.filled ?? bucket,
    };
    this.registerOutputs({});
  }

  private copy(
    name: string,
    { plan, copy, server }: StoredBucketArgs,
    bucket: Bucket,
    key: Output<BucketKey>,
  ): BucketCopy | undefined {
    if (copy === undefined) return undefined;
    const accessKey = key.apply((plain) => plain.accessKey);
    return new BucketCopy(
      `${name}-copy`,
      {
        ...{ bucket: plan, copy: copy.plan, storeKey: copy.storeKey },
        accessKey,
        server,
        after: [bucket],
      },
      { parent: this },
    );
  }
}
