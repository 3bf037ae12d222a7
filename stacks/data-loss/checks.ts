import type { Problem } from "../../components/problem.ts";
import type { SiteConfig } from "../schema.ts";
import { dataOwners } from "./owners.ts";

/** What the file still has does not go; the permission would lie in wait for a later slip. */
export function checkDataLoss(config: SiteConfig): readonly Problem[] {
  const there = dataOwners.flatMap(({ declared }) => declared(config));
  return config.allowDataLoss.flatMap((entry, i) => {
    if (!there.includes(entry)) return [];
    const text = `${entry} is still in homelab:${entry.split("/")[0] ?? ""}; remove it there or here`;
    return [{ path: `homelab:allowDataLoss[${i}]`, text }];
  });
}
