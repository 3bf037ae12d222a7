import { CronJob } from "@pulumi/kubernetes/batch/v1/cronJob.js";
import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap.js";
import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import {
  ComponentResource,
  output,
  secret,
  type ComponentResourceOptions,
  type Output,
  type Resource,
} from "@pulumi/pulumi";
import type { ReachedMachine } from "../machine.ts";
import { RemoteStep } from "../remote/remote-step.ts";
import { scriptText } from "../remote/shell.ts";
import { rke2Script } from "../rke2/scripts.ts";
import type { StoreKey } from "../workload/login.ts";
import { copyCronJob, fillJob, scriptName, storeAccess } from "./copy-objects.ts";
import type { CopyPlan } from "./copy-plan.ts";
import { bucketsNamespace, copyName } from "./names.ts";
import type { StoredBucketPlan } from "./plan.ts";

export interface BucketCopyArgs {
  readonly bucket: StoredBucketPlan;
  readonly copy: CopyPlan;
  /** Of the store outside. */
  readonly storeKey: StoreKey;
  /** Id of the bucket's own key: a bucket that is made anew has another one. */
  readonly accessKey: Output<string>;
  /** Where the cluster is asked. */
  readonly server: ReachedMachine;
  /** The bucket's claim. */
  readonly after: readonly Resource[];
}

/**
 * The copy of a bucket in a store outside: first the bucket is filled from it, then it follows the bucket. So nothing of a bucket
 * that is empty because it is new gets into its copy. The cluster's provider is that of `opts.providers`.
 */
export class BucketCopy extends ComponentResource {
  /** The bucket holds what it begins with: who logs in comes after. */
  readonly filled: Resource;

  constructor(name: string, args: BucketCopyArgs, opts?: ComponentResourceOptions) {
    super("homelab:buckets:Copy", name, {}, opts);
    const tools = [this.script(name, args), this.access(name, args)];
    this.filled = this.fill(name, args, tools);
    this.follow(name, args);
    this.registerOutputs({});
  }

  private script(name: string, { bucket, after }: BucketCopyArgs): Resource {
    return new ConfigMap(
      `${name}-script`,
      {
        metadata: { namespace: bucketsNamespace.name, name: copyName(bucket.name) },
        data: { [scriptName]: scriptText(import.meta.url, "copy.sh") },
      },
      { parent: this, dependsOn: [...after] },
    );
  }

  private access(name: string, { bucket, copy, storeKey, after }: BucketCopyArgs): Resource {
    const { accessKey, secretKey } = storeKey;
    return new Secret(
      `${name}-access`,
      {
        metadata: { namespace: bucketsNamespace.name, name: copyName(bucket.name) },
        stringData: secret(
          output({ accessKey, secretKey }).apply((plain) => storeAccess(copy, plain)),
        ),
      },
      { parent: this, dependsOn: [...after] },
    );
  }

  /** A Job of its own for each time: one that failed cannot be begun again. */
  private fill(
    name: string,
    { bucket, copy, accessKey, server, after }: BucketCopyArgs,
    tools: readonly Resource[],
  ): Resource {
    const job = fillJob(bucket, copy);
    return new RemoteStep(
      `${name}-fill`,
      {
        machine: server,
        title: "bucket-filled",
        script: rke2Script + scriptText(import.meta.url, "fill.sh"),
        parameters: {
          NAMESPACE: bucketsNamespace.name,
          BUCKET: bucket.name,
          JOB: job.metadata.name,
          MANIFEST: JSON.stringify(job),
          // Not read: another key is another bucket, which is filled again.
          KEY: accessKey,
        },
        // A library comes back at the pace of the line to its store.
        limitSeconds: 90_000,
        after: [...after, ...tools],
      },
      { parent: this },
    ).done;
  }

  private follow(name: string, { bucket, copy }: BucketCopyArgs): void {
    new CronJob(`${name}-job`, copyCronJob(bucket, copy), {
      parent: this,
      dependsOn: [this.filled],
    });
  }
}
