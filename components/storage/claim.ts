import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import { PersistentVolumeClaim } from "@pulumi/kubernetes/core/v1/persistentVolumeClaim.js";
import {
  ComponentResource,
  type ComponentResourceOptions,
  type Input,
  type Output,
} from "@pulumi/pulumi";
import { dataAnnotation } from "./known.ts";

/** Space in a class of storage. */
export interface VolumePlan {
  readonly namespace: Input<string>;
  /** Name of the claim. */
  readonly name: string;
  /** A block or file class of the site; its default where none is named. */
  readonly class?: string;
  readonly sizeGiB: number;
  /** Whether pods of several nodes use it at once, which file classes can. */
  readonly shared?: boolean;
  /** What it begins with: an object of its namespace that a populator understands. Empty without. */
  readonly from?: Populator;
  /** What is in it, as whoever allows its loss names it: `apps/home-assistant/config`. */
  readonly data?: string;
}

/** An object that fills volumes, as far as a claim names it. */
export interface Populator {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

/** User and group by their numbers. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** What a PersistentVolumeClaim says of itself. */
export function volumeSpec({ class: name, sizeGiB, shared = false, from }: VolumePlan) {
  return {
    ...(name === undefined ? {} : { storageClassName: name }),
    accessModes: [shared ? "ReadWriteMany" : "ReadWriteOnce"],
    resources: { requests: { storage: `${sizeGiB}Gi` } },
    ...(from === undefined ? {} : { dataSourceRef: populatorRef(from) }),
  };
}

function populatorRef({ apiVersion, kind, metadata: { name } }: Populator) {
  return { apiGroup: apiVersion.split("/")[0] ?? "", kind, name };
}

function volumeMetadata({ namespace, name, data }: VolumePlan) {
  return {
    ...{ namespace, name },
    ...(data === undefined ? {} : { annotations: { [dataAnnotation]: data } }),
  };
}

/**
 * A claim of an application; it may grow. It is bound before its pod starts. What it began with is for good: Kubernetes would
 * have the claim made anew for another one, and its data go. The cluster's provider is `opts.providers`'.
 */
export class Volume extends ComponentResource {
  /** Name of the claim, once it is bound. */
  readonly claim: Input<string>;

  constructor(name: string, plan: VolumePlan, opts?: ComponentResourceOptions) {
    super("homelab:storage:Volume", name, {}, opts);
    const { metadata } = new PersistentVolumeClaim(
      `${name}-claim`,
      { metadata: volumeMetadata(plan), spec: volumeSpec(plan) },
      {
        parent: this,
        ignoreChanges: ["spec.dataSourceRef"],
        // A library comes back at the pace of the line to its store.
        ...(plan.from === undefined ? {} : { customTimeouts: { create: "24h" } }),
      },
    );
    this.claim = metadata.name;
    this.registerOutputs({});
  }
}

/** A bucket in a class of storage. */
export interface BucketPlan {
  readonly namespace: Input<string>;
  /** Name of the claim, and of the ConfigMap and the Secret that Rook makes for it. */
  readonly name: string;
  /** A bucket class of the site. */
  readonly class: string;
  readonly maxSizeGiB?: number;
  readonly maxObjects?: number;
  /** Rules of S3's lifecycle for what is in it, as JSON. */
  readonly lifecycle?: string;
  /** Whether the bucket is called like the claim, which must then be the only one of its name in the class. */
  readonly called?: boolean;
}

/** What an ObjectBucketClaim says of itself; the bucket's name is made of the claim's. */
export function bucketSpec(plan: BucketPlan) {
  const { name, class: className, maxSizeGiB, maxObjects, lifecycle, called = false } = plan;
  const limits = {
    ...(maxSizeGiB === undefined ? {} : { maxSize: `${maxSizeGiB}Gi` }),
    ...(maxObjects === undefined ? {} : { maxObjects: String(maxObjects) }),
    ...(lifecycle === undefined ? {} : { bucketLifecycle: lifecycle }),
  };
  return {
    ...(called ? { bucketName: name } : { generateBucketName: name }),
    storageClassName: className,
    ...(Object.keys(limits).length === 0 ? {} : { additionalConfig: limits }),
  };
}

/**
 * An S3 bucket. Once it is bound, a ConfigMap of the claim's name has BUCKET_HOST, BUCKET_PORT, BUCKET_NAME and BUCKET_REGION,
 * and a Secret of that name AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
 * @see https://rook.io/docs/rook/v1.20/Storage-Configuration/Object-Storage-RGW/ceph-object-bucket-claim/
 */
export class Bucket extends ComponentResource {
  /** Name of the claim, of its ConfigMap and of its Secret, once they are there. */
  readonly claim: Input<string>;
  /** NAMESPACE/NAME of these; a preview does not know it of a claim that is yet to be made. */
  readonly path: Output<string>;

  constructor(name: string, plan: BucketPlan, opts?: ComponentResourceOptions) {
    super("homelab:storage:Bucket", name, {}, opts);
    const { metadata, id } = new CustomResource(
      `${name}-claim`,
      {
        apiVersion: "objectbucket.io/v1alpha1",
        kind: "ObjectBucketClaim",
        metadata: {
          namespace: plan.namespace,
          name: plan.name,
          annotations: { "pulumi.com/waitFor": "jsonpath={.status.phase}=Bound" },
        },
        spec: bucketSpec(plan),
      },
      // It is gone once Rook has purged the bucket, object by object.
      { parent: this, customTimeouts: { delete: "24h" } },
    );
    this.claim = metadata.name;
    this.path = id;
    this.registerOutputs({});
  }
}
