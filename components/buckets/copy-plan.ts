import type { SavingPlan } from "../backup/plan.ts";

/** How a bucket is copied to a store outside, and from where it is filled when it is made anew. */
export interface CopyPlan extends Pick<SavingPlan, "target" | "at" | "everyHours" | "memoryMiB"> {
  /** Release of rclone, `1.75.0`. */
  readonly rclone: string;
  /** Days that what was deleted or overwritten stays beside the copy. */
  readonly keepDays: number;
}
