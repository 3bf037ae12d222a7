/** The chart of Reloader. Its pod is judged with all others by Kubernetes: nothing waits for it. */
import { stakaterCharts } from "../../../components/workload/reloader.ts";
import { chart, type Release } from "../../doctor/releases.ts";
import type { SiteConfig } from "../../schema.ts";

/** None where it is switched off. */
export function reloaderReleases({ reloader }: Pick<SiteConfig, "reloader">): readonly Release[] {
  if (reloader === undefined) return [];
  return [chart(stakaterCharts, "reloader", reloader.chart, "homelab:versions.reloader")];
}
