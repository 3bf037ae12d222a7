/** Postgres: its clusters' state, their archives and backups, and the certificates that the operator renews itself. */
import { lateAfterHours } from "../../../components/postgres/backup-objects.ts";
import { postgresCharts, postgresNamespace } from "../../../components/postgres/names.ts";
import type { Check } from "../../doctor/check.ts";
import { conditionOf, whyNot, type Condition } from "../../doctor/conditions.ts";
import { judgeEnd } from "../../doctor/ends.ts";
import type { ClusterCommand, Examined } from "../../doctor/examined.ts";
import { ok, problem, warning, type Finding } from "../../doctor/finding.ts";
import { objects } from "../../doctor/kubectl.ts";
import { chart, type Release } from "../../doctor/releases.ts";
import type { SiteConfig } from "../../schema.ts";
import type { PostgresConfig } from "./schema.ts";

const { name: namespace } = postgresNamespace;

/** Both charts; none where the site has no Postgres. */
export function postgresReleases({ postgres }: Pick<SiteConfig, "postgres">): readonly Release[] {
  if (postgres === undefined) return [];
  const { operator, plugin } = postgres.charts;
  return [
    chart(postgresCharts, "cloudnative-pg", operator, "homelab:versions.cloudNativePg"),
    chart(postgresCharts, "plugin-barman-cloud", plugin, "homelab:versions.barmanCloud"),
  ];
}

interface Named {
  readonly metadata: { readonly name: string; readonly namespace: string };
}

/** A Cluster, as far as the doctor looks (cloudnative-pg v1.30.0, api/v1/cluster_types.go). */
export interface ClusterInForce extends Named {
  readonly status?: {
    readonly phase?: string;
    readonly phaseReason?: string;
    readonly readyInstances?: number;
    readonly currentPrimary?: string;
    readonly conditions?: readonly Condition[];
    /** By the Secret's name, when its certificate ends: `2026-12-01 10:00:00 +0000 UTC`. */
    readonly certificates?: { readonly expirations?: Readonly<Record<string, string>> };
  };
}

/** An ObjectStore, as far as the doctor looks (plugin-barman-cloud v0.13.0, api/v1/objectstore_types.go). */
export interface StoreInForce extends Named {
  readonly status?: {
    readonly serverRecoveryWindow?: Readonly<
      Record<
        string,
        {
          readonly firstRecoverabilityPoint?: string;
          readonly lastSuccessfulBackupTime?: string;
          readonly lastFailedBackupTime?: string;
        }
      >
    >;
  };
}

type Cluster = PostgresConfig["clusters"][string];

/** None where the site has no Postgres, or has not been brought up. */
export function postgresChecks(
  { config: { postgres }, isUp }: Pick<Examined, "config" | "isUp">,
  run: ClusterCommand,
): readonly Check[] {
  if (postgres === undefined || !isUp) return [];
  return [
    {
      subject: "Postgres",
      run: async () => {
        const found = await ours<ClusterInForce>(run, "clusters.postgresql.cnpg.io");
        return judgeClusters(postgres, found, await followersOf(run, found));
      },
    },
    {
      subject: "backups of Postgres",
      run: async () =>
        judgeBackups(postgres, await ours<StoreInForce>(run, "objectstores.barmancloud.cnpg.io")),
    },
  ];
}

async function ours<T extends Named>(run: ClusterCommand, kind: string): Promise<readonly T[]> {
  const all = await objects<T>(run, kind);
  return all.filter(({ metadata }) => metadata.namespace === namespace);
}

/**
 * By cluster, how many instances its primary sends its log to; nothing of one whose primary does not answer. A replica whose log is
 * gone is ready all the same (cloudnative-pg, issues 7895 and 10419).
 */
async function followersOf(
  run: ClusterCommand,
  found: readonly ClusterInForce[],
): Promise<Followers> {
  const counts = found.map(async ({ metadata: { name }, status }) => {
    if (status?.currentPrimary === undefined) return [];
    const sql = `SELECT count(DISTINCT application_name) FROM pg_stat_replication WHERE application_name ~ '^${name}-[0-9]+$'`;
    const inPrimary = ["-n", namespace, "exec", status.currentPrimary, "-c", "postgres", "--"];
    const { ok: answered, stdout } = await run("kubectl", [
      ...["--request-timeout=10s", ...inPrimary],
      ...["psql", "-XqtAc", sql],
    ]);
    return answered ? [[name, Number(stdout)] as const] : [];
  });
  return new Map((await Promise.all(counts)).flat());
}

type Followers = ReadonlyMap<string, number>;

/** What people call a cluster. */
const subjectOf = (name: string): string => `Postgres ${name}`;

/** Each cluster of the config is there and whole, and its log is archived. */
export function judgeClusters(
  { clusters }: Pick<PostgresConfig, "clusters">,
  found: readonly ClusterInForce[],
  followers: Followers,
  now = new Date(),
): readonly Finding[] {
  return Object.entries(clusters).flatMap(([name, cluster]) => {
    const { status } = found.find(({ metadata }) => metadata.name === name) ?? {};
    if (status === undefined)
      return [
        problem(
          subjectOf(name),
          "is not there",
          `npm run up; kubectl -n ${namespace} get clusters`,
        ),
      ];
    return [
      ...judgeState(name, cluster, status, followers.get(name)),
      ...judgeArchiving(name, cluster, status),
      ...judgeCertificates(name, status, now),
    ];
  });
}

type Status = NonNullable<ClusterInForce["status"]>;

function judgeState(
  name: string,
  { instances }: Cluster,
  { phase = "no phase", phaseReason = "", readyInstances = 0, conditions }: Status,
  followers = instances - 1,
): readonly Finding[] {
  const subject = subjectOf(name);
  const look = `kubectl -n ${namespace} describe cluster ${name}`;
  const text =
    `${readyInstances} of ${instances} instances are ready: ${phase} ${phaseReason}`.trim();
  if (readyInstances === 0) return [problem(subject, text, look)];
  if (readyInstances < instances || whyNot(conditions, "Ready", "") !== undefined)
    return [warning(subject, text, look)];
  if (followers < instances - 1)
    return [
      warning(
        subject,
        `${followers} of ${instances - 1} replicas follow the primary, the others are ready and get nothing`,
        "docs/runbooks/PostgresReplicaDetached.md",
      ),
    ];
  return [ok(subject, `${instances} instances are ready`)];
}

function judgeArchiving(
  name: string,
  { backup }: Cluster,
  { conditions }: Status,
): readonly Finding[] {
  if (backup === undefined)
    return [
      warning(
        subjectOf(name),
        "is not backed up",
        `write homelab:postgres.clusters.${name}.backup; docs/postgres.md`,
      ),
    ];
  const archiving = conditionOf(conditions, "ContinuousArchiving");
  if (archiving?.status === "True") return [];
  const text = `its log is not archived: ${archiving?.message ?? "nobody has said why"}`;
  const look = `kubectl -n ${namespace} logs -l cnpg.io/cluster=${name} -c plugin-barman-cloud --tail=50`;
  return [problem(subjectOf(name), text, look)];
}

/** The operator renews them in their last week; one that has less than three days left has been left alone. */
function judgeCertificates(name: string, { certificates }: Status, now: Date): readonly Finding[] {
  return Object.entries(certificates?.expirations ?? {}).flatMap(([secret, text]) => {
    const ends = new Date(text.replace(/^(\S+) (\S+) \+0000 UTC$/, "$1T$2Z"));
    if (Number.isNaN(ends.getTime())) return [];
    const finding = judgeEnd(
      {
        ...{ subject: `certificate ${secret} of Postgres ${name}`, ends, warnDays: 3 },
        remedy: "kubectl -n cnpg-system logs deploy/cloudnative-pg --tail=100",
      },
      now,
    );
    return finding.severity === "ok" ? [] : [finding];
  });
}

/** Each archive has a base backup that is not older than its schedule makes it. */
export function judgeBackups(
  { clusters }: Pick<PostgresConfig, "clusters">,
  found: readonly StoreInForce[],
  now = new Date(),
): readonly Finding[] {
  return Object.entries(clusters).flatMap(([name, { backup }]) => {
    if (backup === undefined) return [];
    const subject = `backup of Postgres ${name}`;
    const look = `kubectl -n ${namespace} get backups -l cnpg.io/cluster=${name}; docs/postgres.md`;
    const window = found.find(({ metadata }) => metadata.name === name)?.status
      ?.serverRecoveryWindow?.[backup.archive];
    const { lastSuccessfulBackupTime: last, firstRecoverabilityPoint: first } = window ?? {};
    if (last === undefined)
      return [problem(subject, `${backup.archive} holds no base backup`, look)];
    const hours = (now.getTime() - Date.parse(last)) / 3_600_000;
    const back = first === undefined ? "" : `; it goes back to ${first}`;
    if (hours > lateAfterHours(backup))
      return [problem(subject, `the last base backup is from ${last}${back}`, look)];
    const failed = window?.lastFailedBackupTime;
    if (failed !== undefined && Date.parse(failed) > Date.parse(last))
      return [
        warning(subject, `the one of ${failed} failed, the last good one is from ${last}`, look),
      ];
    return [ok(subject, `the last base backup is from ${last}${back}`)];
  });
}
