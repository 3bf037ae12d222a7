/** What a Redis instance is made of, as its component is told. All plain: names and numbers shape the graph. */

/** An S3 store outside, or a bucket of the site's own storage. */
export type StorePlan =
  | { readonly kind: "bucket"; readonly class: string; readonly keepDays: number }
  | {
      readonly kind: "s3";
      /** Scheme, host and port. */
      readonly endpoint: string;
      readonly bucket: string;
      readonly region: string;
    };

/** Where snapshots go. */
export interface SnapshotPlan {
  readonly store: StorePlan;
  /** Folder of the store; each pod has one of its own below. */
  readonly folder: string;
  /** Hours between two, a divisor of 24. */
  readonly everyHours: number;
}

export interface InstancePlan {
  readonly name: string;
  /** Image with its tag. */
  readonly image: string;
  /** Pods, the master among them. */
  readonly replicas: number;
  /** Memory of each pod, of which four fifths are for data. */
  readonly memoryMiB: number;
  /** Whether the least used goes when the memory is full, where writes would fail otherwise. */
  readonly evicts: boolean;
  /** Whether scripts may touch keys that they have not declared, as those of many applications do. */
  readonly undeclaredKeys: boolean;
  readonly snapshots?: SnapshotPlan;
}
