import type { Input } from "@pulumi/pulumi";
import { bucketRegion } from "../storage/storage-classes.ts";
import { loki, oldestHours, rulesMap } from "./names.ts";

/** How much Loki takes before it asks senders to wait, or refuses. */
export interface LokiLimits {
  /** MiB of lines a second, of all machines together; for a moment twice as much. */
  readonly mebibytesPerSecond: number;
  /** Sets of labels that are written to at once. */
  readonly streams: number;
  /** KiB of a line; what is longer is cut off. */
  readonly lineKiB: number;
}

export interface LokiPlan {
  /** The site's name: a label of every alert that leaves it. */
  readonly site: string;
  /** DNS domain of the cluster's services. */
  readonly clusterDomain: string;
  /** Days after which lines are deleted. */
  readonly retentionDays: number;
  readonly limits: LokiLimits;
  /** Claim of the volume where lines wait until they go to the bucket, and what is being deleted is noted. */
  readonly volume: Input<string>;
  /** Claim of the bucket: its ConfigMap says where the bucket is, its Secret has the login. */
  readonly bucket: Input<string>;
  /** Address of Alertmanager; without it there are no rules. */
  readonly alertmanager?: string;
}

/**
 * MiB that a stream takes at most: a chunk before it goes to the bucket, and what of it is not compressed yet (loki v3.7.6,
 * pkg/ingester/ingester.go: `chunk_target_size` and `chunk_block_size`).
 */
const streamMiB = 1.5 + 0.25;

/** MiB for Loki itself, its index and what is asked of it. */
const ownMiB = 512;

/** The part of its memory up to which Go lets garbage lie (the chart's GOMEMLIMIT, templates/_helpers.tpl `loki.componentEnv`). */
const usable = 0.85;

/** GiB of memory that Loki may take: enough where as many streams as it accepts are full at once. */
export function lokiMemoryGiB({ streams }: Pick<LokiLimits, "streams">): number {
  return Math.ceil((streams * streamMiB + ownMiB) / usable / 1024);
}

/** Where rules are read from; below it is a folder for each tenant. */
const rulesFolder = "/etc/loki/rules";

/** Name of the only tenant of a Loki without logins (loki v3.7.6, pkg/loki: `auth.no-auth-tenant`). */
const tenant = "fake";

/**
 * Values of the loki chart: one Loki that does everything, with its lines in a bucket. What the chart brings for larger ones
 * is off: caches that ask for 10 GiB of memory, a proxy before it, a canary on each machine, a sidecar that reads every Secret.
 * @see https://github.com/grafana-community/helm-charts/blob/loki-18.11.0/charts/loki/values.yaml
 */
export function lokiValues(plan: LokiPlan): Record<string, unknown> {
  const rules = plan.alertmanager !== undefined;
  return {
    fullnameOverride: loki.name,
    deploymentMode: "Monolithic",
    global: { clusterDomain: plan.clusterDomain },
    loki: lokiConfig(plan),
    singleBinary: singleBinary(plan, rules),
    // The chart refuses them beside the one, and has three of each.
    ...{ write: { replicas: 0 }, read: { replicas: 0 }, backend: { replicas: 0 } },
    ruler: { enabled: rules },
    sidecar: { rules: { enabled: false } },
    // It asks the API server for nothing.
    rbac: { namespaced: true },
    defaults: { automountServiceAccountToken: false },
    serviceAccount: { automountServiceAccountToken: false },
    ...{ chunksCache: { enabled: false }, resultsCache: { enabled: false } },
    gateway: { enabled: false },
    ...{ lokiCanary: { enabled: false }, test: { enabled: false } },
  };
}

/**
 * Loki's own configuration, as far as it differs from the chart's.
 * @see https://grafana.com/docs/loki/latest/configure/
 */
function lokiConfig(plan: LokiPlan): Record<string, unknown> {
  const { site, retentionDays, limits, alertmanager } = plan;
  return {
    auth_enabled: false,
    commonConfig: {
      replication_factor: 1,
      // It asks itself, on whatever address its pod has.
      instance_addr: "127.0.0.1",
      compactor_grpc_address: `127.0.0.1:${loki.grpc}`,
      ring: { kvstore: { store: "inmemory" } },
    },
    // Whoever is named here would be asked for before it starts, and there is nobody else.
    memberlistConfig: { join_members: [] },
    schemaConfig: {
      configs: [
        {
          // Before any line: a later day would leave older ones unread.
          from: "2024-04-01",
          ...{ store: "tsdb", object_store: "s3", schema: "v13" },
          index: { prefix: "loki_index_", period: "24h" },
        },
      ],
    },
    storage: bucketOfClaim,
    // After a crash it reads its volume again, and empties its memory into the bucket at this much. By itself at 4 GB, which may be
    // more than its pod has: it would be killed at each start. Three quarters are what Loki's docs say (operations/storage/wal.md).
    ingester: { wal: { replay_memory_ceiling: `${Math.floor(0.75 * lokiMemoryGiB(limits))}GB` } },
    limits_config: {
      retention_period: hours(retentionDays),
      // As far back as there are lines; by itself a month.
      max_query_length: hours(retentionDays + 1),
      reject_old_samples_max_age: `${oldestHours}h`,
      ingestion_rate_mb: limits.mebibytesPerSecond,
      ingestion_burst_size_mb: 2 * limits.mebibytesPerSecond,
      // One source may use all of it.
      per_stream_rate_limit: `${limits.mebibytesPerSecond}MB`,
      per_stream_rate_limit_burst: `${2 * limits.mebibytesPerSecond}MB`,
      max_global_streams_per_user: limits.streams,
      max_line_size: `${limits.lineKiB}KB`,
      max_line_size_truncate: true,
    },
    // Without a store of requests to delete, Loki refuses to start with retention (pkg/compactor, Config.Validate).
    compactor: { retention_enabled: true, delete_request_store: "s3" },
    ...(alertmanager === undefined ? {} : { rulerConfig: ruler(site, alertmanager) }),
    analytics: { reporting_enabled: false },
  };
}

/**
 * The bucket of the claim. Loki puts the environment's values in place of these names when it starts (`-config.expand-env`, which
 * the chart sets), and the client of S3 finds the login there by itself, so that it stands in no file. The chart's own way to
 * mount rules, `ruler.directories`, makes no ConfigMap in this mode.
 */
const bucketOfClaim = {
  type: "s3",
  bucketNames: { chunks: "${BUCKET_NAME}" },
  s3: {
    endpoint: "http://${BUCKET_HOST}:${BUCKET_PORT}",
    region: bucketRegion,
    s3ForcePathStyle: true,
    insecure: true,
  },
} as const;

/** Rules are files that are looked at every minute; `rule_path` is where Loki writes its own copies of them. */
function ruler(site: string, alertmanager: string): Record<string, unknown> {
  return {
    storage: { type: "local", local: { directory: rulesFolder } },
    rule_path: "/var/loki/rules-temp",
    alertmanager_url: alertmanager,
    external_labels: { site },
    ring: { kvstore: { store: "inmemory" } },
  };
}

function singleBinary(
  { volume, bucket: name, limits }: LokiPlan,
  rules: boolean,
): Record<string, unknown> {
  return {
    replicas: 1,
    extraEnvFrom: [{ configMapRef: { name } }, { secretRef: { name } }],
    // A claim of its StatefulSet could not grow: Kubernetes lets nobody change what is written there.
    persistence: {
      enabled: false,
      dataVolumeParameters: { persistentVolumeClaim: { claimName: volume } },
    },
    resources: {
      requests: { cpu: "100m", memory: `${ownMiB}Mi` },
      limits: { memory: `${lokiMemoryGiB(limits)}Gi` },
    },
    ...(rules
      ? {
          extraVolumes: [{ name: "rules", configMap: { name: rulesMap } }],
          extraVolumeMounts: [
            { name: "rules", mountPath: `${rulesFolder}/${tenant}`, readOnly: true },
          ],
        }
      : {}),
  };
}

const hours = (days: number): string => `${days * 24}h`;
