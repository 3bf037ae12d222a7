import { bucketsNamespace } from "../../buckets/names.ts";
import type { AlertGroup } from "./alert.ts";

/** Buckets that are copied outside. */
export interface BucketsWatch {
  readonly buckets: readonly string[];
  /** Hours after which a copy is too old. */
  readonly lateAfterHours: number;
}

/**
 * Alerts on copies of buckets. A CronJob tells when a Job of it last ended well, and from when it is itself: one of which none
 * ever did is as old as that (kube-state-metrics, docs/metrics/workload/cronjob-metrics.md).
 */
export function bucketsAlerts({ buckets, lateAfterHours }: BucketsWatch): AlertGroup {
  const of = (metric: string): string =>
    `max by (cronjob) (${metric}{namespace="${bucketsNamespace.name}",cronjob=~"${buckets.join("|")}"})`;
  return {
    name: "buckets",
    alerts: [
      {
        name: "BucketCopyLate",
        severity: "critical",
        expression: `time() - (${of("kube_cronjob_status_last_successful_time")} or ${of("kube_cronjob_created")}) > ${lateAfterHours * 3600}`,
        for: "15m",
        summary: "the bucket {{ $labels.cronjob }} is not copied any more",
        description:
          "Its last copy is {{ $value | humanizeDuration }} old. What was written since is lost with the site.",
      },
    ],
  };
}
