import { controllerJob } from "../../../components/argocd/names.ts";
import { metricsJob } from "../../../components/backup/names.ts";
import { namesJob } from "../../../components/monitoring/probes/plan.ts";
import { expectedJobs } from "../../../components/monitoring/proof.ts";
import type { KafkaWatch } from "../../../components/monitoring/rules/kafka.ts";
import type { PostgresWatch } from "../../../components/monitoring/rules/postgres.ts";
import type { RedisWatch } from "../../../components/monitoring/rules/redis.ts";
import type { WatchPlan } from "../../../components/monitoring/rules/rules.ts";
import { lateAfterHours as copyLateAfterHours } from "../../../components/backup/objects.ts";
import { lateAfterHours } from "../../../components/postgres/backup-objects.ts";
import { usableGiB } from "../../../components/storage/classes.ts";
import type { SiteConfig } from "../../schema.ts";
import { copiedNames } from "../buckets/copies.ts";
import { storageMachines } from "../storage/machines.ts";
import { chartTargets } from "./chart-targets.ts";
import { kafkaJob, postgresJob, redisJob, siteMonitors } from "./monitors.ts";
import { siteProbes } from "./probes.ts";
import type { MonitoringConfig } from "./schema.ts";

/** What of a site its own alerts and dashboards are about: the parts that it has. */
export function watched(config: SiteConfig, { scrapes, receives }: MonitoringConfig): WatchPlan {
  const names = siteProbes(config).length > 0;
  return {
    certificates: config.certificates !== undefined,
    bgp: config.network.bgp !== undefined,
    gateway: config.gateway !== undefined,
    edge: config.edge !== undefined,
    logs: config.logs !== undefined,
    argocd: config.argocd !== undefined,
    names,
    ...ceph(config),
    postgres: postgres(config),
    redis: redis(config),
    kafka: kafka(config),
    ...(config.backup === undefined ? {} : { backup: metricsJob }),
    ...buckets(config),
    sites: receives,
    ...(config.tesla === undefined ? {} : { tesla: { mostPerDay: config.tesla.mostPerDay } }),
    outside: Object.keys(scrapes),
    jobs: [
      // Without kube-state-metrics, say, hardly an alert of the charts about Kubernetes says anything.
      ...expectedJobs({ servers: 1, nodes: 1, ...chartTargets(config) }).map(([job]) => job),
      ...siteMonitors(config).map(({ name }) => name),
      // By monitors of their charts.
      ...(config.backup === undefined ? [] : [metricsJob]),
      ...(config.argocd === undefined ? [] : [controllerJob]),
      ...(names ? [namesJob] : []),
    ],
  };
}

/** One copy may fail, and the next is then looked at. */
function buckets(config: SiteConfig): Pick<WatchPlan, "buckets"> {
  const { backup } = config;
  const copied = copiedNames(config);
  if (backup === undefined || copied.length === 0) return {};
  return { buckets: { buckets: copied, lateAfterHours: copyLateAfterHours(backup) } };
}

/** Ceph tells nothing of itself where nobody asked Rook for its monitors. */
function ceph(config: SiteConfig): Pick<WatchPlan, "storage"> {
  if (config.storage?.monitoring !== true) return {};
  const machines = storageMachines(config);
  const disks = machines.reduce((sum, { disks: own }) => sum + own.length, 0);
  return { storage: { disks, usableGiB: usableGiB(machines) } };
}

function postgres({ postgres: part }: SiteConfig): readonly PostgresWatch[] {
  return Object.entries(part?.clusters ?? {}).map(([cluster, { instances, backup }]) => ({
    ...{ cluster, job: postgresJob(cluster), instances },
    ...(backup === undefined ? {} : { lateAfterHours: lateAfterHours(backup) }),
  }));
}

function redis({ redis: part }: SiteConfig): readonly RedisWatch[] {
  return Object.entries(part?.instances ?? {}).map(
    ([instance, { replicas, evicts, snapshots }]) => ({
      ...{ instance, job: redisJob(instance), replicas, evicts },
      ...(snapshots === undefined ? {} : { savesEveryHours: snapshots.everyHours }),
    }),
  );
}

function kafka({ kafka: part }: SiteConfig): readonly KafkaWatch[] {
  return Object.entries(part?.clusters ?? {}).map(([cluster, { controllers, brokers }]) => ({
    ...{ cluster, job: kafkaJob(cluster), nodes: controllers.replicas + brokers.replicas },
  }));
}
