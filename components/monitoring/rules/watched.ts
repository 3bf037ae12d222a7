import type { AlertGroup } from "./alert.ts";

/**
 * Alert on monitors that find nothing: a target that is not there is not down either, and the chart's TargetDown says
 * nothing of it. `jobs` are those that are there as long as the site is.
 */
export function watchedAlerts(jobs: readonly string[]): AlertGroup {
  return {
    name: "watched",
    alerts: [
      {
        name: "PartNotWatched",
        severity: "warning",
        expression: jobs.map((job) => `absent(up{job="${job}"})`).join(" or "),
        for: "30m",
        summary: "nothing of {{ $labels.job }} is watched",
        description: "Prometheus finds no pod of it to ask. Alerts about it say nothing meanwhile.",
      },
    ],
  };
}
