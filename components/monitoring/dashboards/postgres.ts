import type { PostgresWatch } from "../rules/postgres.ts";
import { graph, noneIsGood, stat, table, type Dashboard } from "./panels.ts";

/** Postgres: whether instances answer and follow their primary, and how old a recovery would be. */
export function postgresDashboard(clusters: readonly PostgresWatch[]): Dashboard {
  const jobs = `job=~"${clusters.map(({ job }) => job).join("|")}"`;
  const instances = clusters.reduce((sum, one) => sum + one.instances, 0);
  const backedUp = clusters.some(({ lateAfterHours }) => lateAfterHours !== undefined);
  return {
    ...{ name: "homelab-postgres", title: "Postgres" },
    panels: [
      stat("Instances that answer", `sum(cnpg_collector_up{${jobs}}) or vector(0)`, {
        steps: [{ color: "red" }, { color: "green", from: instances }],
      }),
      stat("Furthest behind its primary", `max(cnpg_pg_replication_lag{${jobs}})`, {
        unit: "s",
        steps: [{ color: "green" }, { color: "yellow", from: 60 }, { color: "red", from: 300 }],
      }),
      ...(backedUp ? backups(jobs) : []),
      table("Size", `sum by (job, datname) (cnpg_pg_database_size_bytes{${jobs}})`, {
        ...{ unit: "bytes", width: 12 },
      }),
      graph(
        "Behind the primary",
        [{ expression: `cnpg_pg_replication_lag{${jobs}}`, legend: "{{pod}}" }],
        { unit: "s" },
      ),
      graph(
        "Log on the volume",
        [{ expression: `cnpg_collector_pg_wal{${jobs},value="size"}`, legend: "{{pod}}" }],
        { unit: "bytes" },
      ),
      graph("Transactions until numbers run out: age of the oldest", [
        { expression: `max by (job) (cnpg_pg_database_xid_age{${jobs}})`, legend: "{{job}}" },
      ]),
    ],
  };
}

/** What a recovery could begin from, and what it would lack. */
function backups(jobs: string): Dashboard["panels"] {
  const last = "barman_cloud_cloudnative_pg_io_last_available_backup_timestamp";
  const [waits, failed] = [
    `cnpg_collector_pg_wal_archive_status{${jobs},value="ready"}`,
    `cnpg_pg_stat_archiver_failed_count{${jobs}}`,
  ];
  return [
    stat("Oldest of the last base backups", `max(time() - max by (job) (${last}{${jobs}} > 0))`, {
      unit: "dtdurations",
    }),
    stat("Files of the log that wait for the archive", `sum(${waits}) or vector(0)`),
    stat("Failures of the archive within an hour", `sum(increase(${failed}[1h])) or vector(0)`, {
      steps: noneIsGood,
    }),
  ];
}
