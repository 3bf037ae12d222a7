import type { CopyPlan } from "../../../components/buckets/copy-plan.ts";
import type { SiteConfig } from "../../schema.ts";
import { bucketsFolder, targetPlan } from "../backup/volumes.ts";

/** How a bucket is copied; undefined of one that is not, or where the site has no store for it. */
export function copyPlan(
  stack: string,
  { backup, buckets }: Pick<SiteConfig, "backup" | "buckets">,
  bucket: string,
): CopyPlan | undefined {
  const wanted = buckets[bucket]?.backup;
  if (backup === undefined || wanted === undefined) return undefined;
  const { at, everyHours, memoryMiB, rclone } = backup;
  return {
    target: { ...targetPlan(stack, backup), folder: bucketsFolder(stack, backup) },
    ...{ at, everyHours, memoryMiB, rclone, keepDays: wanted.keepDays },
  };
}

/** Buckets that the site copies to its store, by name. */
export const copiedNames = ({
  backup: store,
  buckets,
}: Pick<SiteConfig, "backup" | "buckets">): readonly string[] =>
  store === undefined
    ? []
    : Object.entries(buckets).flatMap(([name, { backup }]) => (backup === undefined ? [] : [name]));

/** The same, with how. */
export function copiedBuckets(
  stack: string,
  config: Pick<SiteConfig, "backup" | "buckets">,
): readonly { readonly name: string; readonly plan: CopyPlan }[] {
  return Object.keys(config.buckets).flatMap((name) => {
    const plan = copyPlan(stack, config, name);
    return plan === undefined ? [] : [{ name, plan }];
  });
}
