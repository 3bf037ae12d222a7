import { named as labelled, type AlertGroup } from "./alert.ts";

const named = (cluster: string, expression: string) => labelled("cluster", cluster, expression);

/** A Postgres cluster that tells of itself. */
export interface PostgresWatch {
  readonly cluster: string;
  /** Job of its instances' metrics. */
  readonly job: string;
  readonly instances: number;
  /** Hours after which a base backup is late; undefined without a backup. */
  readonly lateAfterHours?: number;
}

/**
 * Alerts on databases and their backups. Metrics of instances are the operator's
 * (https://github.com/cloudnative-pg/cloudnative-pg/blob/v1.30.0/docs/src/monitoring.md), those of backups the plugin's
 * (https://github.com/cloudnative-pg/plugin-barman-cloud/blob/v0.13.0/web/docs/observability.md). Volumes that fill are told
 * of by the chart's own rules.
 */
export function postgresAlerts(clusters: readonly PostgresWatch[]): AlertGroup {
  const jobs = `job=~"${clusters.map(({ job }) => job).join("|")}"`;
  const backups = clusters.filter(({ lateAfterHours }) => lateAfterHours !== undefined);
  return {
    name: "postgres",
    alerts: [
      {
        name: "PostgresDown",
        severity: "critical",
        expression: clusters
          .map(({ cluster, job }) =>
            named(cluster, `(sum(cnpg_collector_up{job="${job}"}) or vector(0)) < 1`),
          )
          .join(" or "),
        for: "5m",
        summary: "no instance of the Postgres cluster {{ $labels.cluster }} answers",
        description: "Whatever keeps its data there stands still.",
      },
      {
        name: "PostgresInstanceMissing",
        severity: "warning",
        expression: clusters
          .map(({ cluster, job, instances }) =>
            named(cluster, `(sum(cnpg_collector_up{job="${job}"}) or vector(0)) < ${instances}`),
          )
          .join(" or "),
        for: "30m",
        summary:
          "the Postgres cluster {{ $labels.cluster }} has {{ $value }} instances that answer",
        description: "The next host that is lost may take the last of them with it.",
      },
      {
        name: "PostgresReplicaBehind",
        severity: "warning",
        expression: `max by (job, pod) (cnpg_pg_replication_lag{${jobs}}) > 300`,
        for: "15m",
        summary: "{{ $labels.pod }} is behind its primary",
        description:
          "It lacks the last {{ $value | humanizeDuration }}, which are lost where it has to take over.",
      },
      {
        name: "PostgresReplicaDetached",
        severity: "warning",
        // One that asks for what its primary has no more has a receiver for a moment, every few seconds. It answers, and its lag is
        // 0 where it has replayed all that it ever got (config/manager/default-monitoring.yaml).
        expression: `max by (job, pod) (cnpg_pg_replication_in_recovery{${jobs}} - avg_over_time(cnpg_pg_replication_is_wal_receiver_up{${jobs}}[10m])) > 0.5`,
        for: "15m",
        summary: "{{ $labels.pod }} gets nothing from its primary",
        description:
          "What has been written since is lost where it has to take over, and its log stays on the primary's volume.",
      },
      ...(backups.length === 0
        ? []
        : [
            {
              name: "PostgresNotArchived",
              severity: "critical",
              expression: `max by (job, pod) (cnpg_pg_stat_archiver_last_failed_time{${jobs}} - cnpg_pg_stat_archiver_last_archived_time{${jobs}}) > 0`,
              for: "15m",
              summary: "the log of {{ $labels.pod }} is not archived",
              description:
                "Nothing that was written since can be recovered, and the volume of the log fills.",
            } as const,
            {
              name: "PostgresBackupLate",
              severity: "critical",
              expression: backups
                .map(({ cluster, job, lateAfterHours = 0 }) =>
                  named(
                    cluster,
                    `(time() - max(barman_cloud_cloudnative_pg_io_last_available_backup_timestamp{job="${job}"})) > ${lateAfterHours * 3600}`,
                  ),
                )
                .join(" or "),
              for: "1h",
              summary: "the last base backup of the Postgres cluster {{ $labels.cluster }} is old",
              description:
                "It was {{ $value | humanizeDuration }} ago; decades stand for never. A recovery has to run through all of the log since.",
            } as const,
          ]),
    ],
  };
}
