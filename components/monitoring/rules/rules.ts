import type { AlertGroup } from "./alert.ts";
import { argocdAlerts } from "./argocd.ts";
import { backupAlerts } from "./backup.ts";
import { bucketsAlerts, type BucketsWatch } from "./buckets.ts";
import { certificateAlerts } from "./certificates.ts";
import { edgeAlerts } from "./edge.ts";
import { gatewayAlerts } from "./gateway.ts";
import { kafkaAlerts, type KafkaWatch } from "./kafka.ts";
import { logsAlerts } from "./logs.ts";
import { machineAlerts } from "./machines.ts";
import { nameAlerts } from "./names.ts";
import { networkAlerts } from "./network.ts";
import { outsideAlerts } from "./outside.ts";
import { postgresAlerts, type PostgresWatch } from "./postgres.ts";
import { redisAlerts, type RedisWatch } from "./redis.ts";
import { siteAlerts } from "./sites.ts";
import { storageAlerts, type CephWatch } from "./storage.ts";
import { teslaAlerts, type TeslaWatch } from "./tesla.ts";
import { watchedAlerts } from "./watched.ts";

/** What of a site is watched. */
export interface WatchPlan {
  readonly certificates: boolean;
  /** Whether machines peer with routers. */
  readonly bgp: boolean;
  readonly gateway: boolean;
  /** Whether the site is published through Cloudflare's tunnel. */
  readonly edge: boolean;
  readonly logs: boolean;
  readonly argocd: boolean;
  /** Whether the names by which the site is reached are asked. */
  readonly names: boolean;
  /** Ceph, where it tells of itself. */
  readonly storage?: CephWatch;
  /** Postgres clusters. */
  readonly postgres: readonly PostgresWatch[];
  /** Redis instances. */
  readonly redis: readonly RedisWatch[];
  /** Kafka clusters. */
  readonly kafka: readonly KafkaWatch[];
  /** Job of VolSync, where volumes are backed up. */
  readonly backup?: string;
  /** Buckets that are copied outside, where there are any. */
  readonly buckets?: BucketsWatch;
  /** Other sites, whose metrics come here. */
  readonly sites: readonly string[];
  /** Telemetry of Tesla vehicles, where the site has it. */
  readonly tesla?: TeslaWatch;
  /** Jobs outside of the cluster. */
  readonly outside: readonly string[];
  /** Jobs of the site's parts inside of it. */
  readonly jobs: readonly string[];
}

/** Alerts on the parts that a site has. */
export function alertGroups(plan: WatchPlan): readonly AlertGroup[] {
  const { certificates, gateway, edge, logs, argocd, names, storage } = plan;
  const { postgres, redis, kafka, backup, buckets, tesla, sites, outside, jobs } = plan;
  return [
    machineAlerts,
    networkAlerts(plan),
    ...(certificates ? [certificateAlerts] : []),
    ...(gateway ? [gatewayAlerts] : []),
    ...(edge ? [edgeAlerts] : []),
    ...(logs ? [logsAlerts] : []),
    ...(argocd ? [argocdAlerts] : []),
    ...(names ? [nameAlerts] : []),
    ...(storage === undefined ? [] : [storageAlerts(storage)]),
    ...(postgres.length === 0 ? [] : [postgresAlerts(postgres)]),
    ...(redis.length === 0 ? [] : [redisAlerts(redis)]),
    ...(kafka.length === 0 ? [] : [kafkaAlerts(kafka)]),
    ...(backup === undefined ? [] : [backupAlerts(backup)]),
    ...(buckets === undefined ? [] : [bucketsAlerts(buckets)]),
    ...(sites.length === 0 ? [] : [siteAlerts(sites)]),
    ...(tesla === undefined ? [] : [teslaAlerts(tesla)]),
    ...(outside.length === 0 ? [] : [outsideAlerts(outside)]),
    ...(jobs.length === 0 ? [] : [watchedAlerts(jobs)]),
  ];
}
