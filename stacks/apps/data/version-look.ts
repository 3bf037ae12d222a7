/** Versions of applications that keep data: what a step means for the data, told before anything is changed. */
import type { Known } from "../../../components/proxmox/known-machines.ts";
import { tagOf } from "../../../components/workload/known.ts";
import type { Judged } from "../../config/problem.ts";
import { isOlder } from "../../parts/versions/order.ts";
import type { SiteConfig } from "../../schema.ts";
import { keptApps } from "./volumes.ts";

/**
 * Compares with the state. An application brings its data to its own version when it starts, and hardly one reads what a newer
 * one has left; what is to be known of a step forward is the recipe's `traps`.
 */
export function judgeVersions(
  config: SiteConfig,
  { workloads = [] }: Pick<Known, "workloads">,
): Pick<Judged<unknown>, "problems" | "notes"> {
  const notes = keptApps(config).flatMap(({ name, namespace, version, traps }) => {
    const there = workloads.find((one) => one.namespace === namespace && one.name === name);
    const before = tagOf(there?.images[name] ?? "");
    const after = tagOf(`:${version}`);
    if (before === undefined || after === undefined || before === after) return [];
    const path = `homelab:apps.${name}.version`;
    if (isOlder(after, before))
      return [
        `${name} goes back from ${before} to ${after}: few read data that a newer version has written; restore the backup from before with it (${path})`,
      ];
    return traps
      .filter(({ from }) => isOlder(before, from) && !isOlder(after, from))
      .map(
        ({ from, says }) =>
          `${name} goes from ${before} to ${after}; since ${from} ${says} (${path})`,
      );
  });
  return { problems: [], notes };
}
