/** What a run would delete for good, told before anything is changed. */
import type { DataKeeper, Known } from "../../components/proxmox/known-machines.ts";
import type { Problem } from "../../components/problem.ts";
import type { Judged } from "../config/problem.ts";
import type { SiteConfig } from "../schema.ts";
import { dataOwners } from "./owners.ts";

/**
 * Compares with the state: what it has and the config has not would be deleted, with the data that belongs to it. A claim's
 * class is for good too, and Rook does not say that it passes another one over.
 */
export function judgeDataLoss(
  config: SiteConfig,
  { keepers = [] }: Pick<Known, "keepers">,
): Pick<Judged<unknown>, "problems" | "notes"> {
  const allowed = new Set(config.allowDataLoss);
  const kept = new Set([...dataOwners.flatMap(({ declared }) => declared(config)), ...allowed]);
  const problems = keepers.flatMap((keeper) =>
    dataOwners.flatMap((owner) => {
      const loss = owner.lossOf(keeper);
      if (loss === undefined) return [];
      if (kept.has(loss.entry)) return moved(owner.bucketClass(config, keeper), keeper);
      const { entry, within, what, takes, keeps } = loss;
      if (within !== undefined && allowed.has(within)) return [];
      const text = `${what} is not in the file any more, and ${takes} would go with it; put it back, or allow it: add ${entry}`;
      return [
        {
          path: "homelab:allowDataLoss",
          text: keeps === undefined ? text : `${text}. ${keeps}`,
        },
      ];
    }),
  );
  return { problems, notes: [] };
}

function moved(
  wanted: ReturnType<(typeof dataOwners)[number]["bucketClass"]>,
  { spec }: DataKeeper,
): readonly Problem[] {
  const there = spec["storageClassName"];
  if (wanted === undefined || wanted.class === there) return [];
  const text = `the bucket of ${wanted.of} is of the class ${String(there)}, and stays there; put it back, or ${wanted.instead}`;
  return [{ path: wanted.path, text }];
}
