/** What a bucket of applications is made of, as its component is told. All plain: names and numbers shape the graph. */

/** Objects that go by their age. */
export interface ExpiryPlan {
  /** What their keys begin with; all without. */
  readonly prefix?: string;
  readonly days: number;
}

export interface StoredBucketPlan {
  /** Name of the bucket, of its claim and of its Secret. */
  readonly name: string;
  /** Class of storage, of the kind `bucket`. */
  readonly class: string;
  /** What it may come to. */
  readonly maxGiB?: number;
  readonly maxObjects?: number;
  readonly expiry: readonly ExpiryPlan[];
}
