import { inPlacePrefix } from "../../backup/names.ts";
import type { AlertGroup } from "./alert.ts";

/**
 * Alerts on backups of volumes. VolSync calls a claim out of sync from the start until its first backup has ended, and again
 * once a backup has not ended before the one after it should begin; a mover that fails begins anew and tells of nothing else
 * (volsync v0.16.0, internal/controller/statemachine/machine.go, internal/controller/metrics.go).
 *
 * What it has said of an object stays until its pod goes, though the object went (https://github.com/backube/volsync/issues/1194):
 * a restore in place that failed, whose object goes with it, would wait for ever. Its command has said so, and the doctor names one
 * that is left.
 */
export function backupAlerts(job: string): AlertGroup {
  const late = (role: "source" | "destination", but = ""): string =>
    `max by (obj_namespace, obj_name) (volsync_volume_out_of_sync{job="${job}",role="${role}"${but}}) > 0`;
  return {
    name: "backup",
    alerts: [
      {
        name: "VolumeBackupLate",
        severity: "critical",
        expression: late("source"),
        for: "3h",
        summary: "{{ $labels.obj_namespace }}/{{ $labels.obj_name }} is not backed up any more",
        description: "What is written to the volume is lost with it. Its mover fails, or waits.",
      },
      {
        name: "VolumeBackupMissed",
        severity: "warning",
        expression: `sum by (obj_namespace, obj_name) (increase(volsync_missed_intervals_total{job="${job}",role="source"}[1d])) > 0.5`,
        for: "0m",
        summary: "a backup of {{ $labels.obj_namespace }}/{{ $labels.obj_name }} was late",
        description:
          "It ended after the next one should have begun. The backups are as old as that.",
      },
      {
        name: "VolumeRestoreWaits",
        severity: "critical",
        expression: late("destination", `,obj_name!~"${inPlacePrefix}.*"`),
        for: "2h",
        summary: "{{ $labels.obj_namespace }}/{{ $labels.obj_name }} waits for its backup",
        description: "Its pods do not start before the volume holds what the backup has.",
      },
    ],
  };
}
