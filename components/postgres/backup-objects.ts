/** Where backups go and when they are made: ObjectStore (`barmancloud.cnpg.io/v1`) and ScheduledBackup (`postgresql.cnpg.io/v1`). */
import { gatewayAddress } from "../storage/gateway.ts";
import { barmanPlugin, bucketName, objectName, postgresNamespace } from "./names.ts";
import { weekdays, type BackupPlan, type StorePlan } from "./plan.ts";

const { name: namespace } = postgresNamespace;

/** Name of the Secret with the login of a store outside. */
export function storeSecret(cluster: string): string {
  return `${cluster}.store`;
}

/** Where a store is, and by which Secret it is read: that of the bucket's claim, or the program's own. */
function place(cluster: string, store: StorePlan) {
  if (store.kind === "bucket") {
    const name = bucketName(cluster);
    return {
      destinationPath: `s3://${name}/`,
      endpointURL: `http://${gatewayAddress(store.class)}`,
      s3Credentials: {
        accessKeyId: { name, key: "AWS_ACCESS_KEY_ID" },
        secretAccessKey: { name, key: "AWS_SECRET_ACCESS_KEY" },
      },
    };
  }
  const name = storeSecret(cluster);
  return {
    destinationPath: `s3://${store.bucket}/`,
    endpointURL: store.endpoint.replace(/\/$/, ""),
    ...(store.ca === undefined ? {} : { endpointCA: { name, key: "ca.crt" } }),
    s3Credentials: {
      accessKeyId: { name, key: "accessKeyId" },
      secretAccessKey: { name, key: "secretAccessKey" },
      region: { name, key: "region" },
    },
  };
}

/**
 * The store of a cluster. The folder is no part of it: `serverName` must be left out here and stands with the plugin
 * (plugin-barman-cloud v0.13.0, api/v1/objectstore_types.go). Checksums that S3's newer clients add by themselves are not
 * understood by other stores than Amazon's (web/docs/object_stores.md, issue 393).
 */
export function objectStore(cluster: string, { store, keepDays }: BackupPlan) {
  return {
    apiVersion: "barmancloud.cnpg.io/v1",
    kind: "ObjectStore",
    metadata: { name: cluster, namespace },
    spec: {
      retentionPolicy: `${keepDays}d`,
      configuration: {
        ...place(cluster, store),
        wal: { compression: "gzip" },
        data: { compression: "gzip" },
      },
      instanceSidecarConfiguration: {
        env: [
          { name: "AWS_REQUEST_CHECKSUM_CALCULATION", value: "when_required" },
          { name: "AWS_RESPONSE_CHECKSUM_VALIDATION", value: "when_required" },
        ],
        resources: {
          requests: { cpu: "20m", memory: "128Mi" },
          limits: { memory: "1Gi" },
        },
      },
    },
  };
}

/**
 * When base backups are made: six fields, of which the first is seconds (cloudnative-pg, docs/src/backup.md). The operator's
 * clock is UTC.
 */
export function cron({ at, weekdays: days }: Pick<BackupPlan, "at" | "weekdays">): string {
  const [hour, minute] = at.split(":").map(Number);
  const on = days.map((day) => weekdays.indexOf(day)).sort((a, b) => a - b);
  return `0 ${minute} ${hour} * * ${on.length === 0 ? "*" : on.join(",")}`;
}

/** A base backup beside those of the schedule. */
export function backupNow(cluster: string) {
  return {
    apiVersion: "postgresql.cnpg.io/v1",
    kind: "Backup",
    metadata: { generateName: `${cluster}-again-`, namespace },
    spec: { cluster: { name: cluster }, ...byPlugin },
  };
}

const byPlugin = { method: "plugin", pluginConfiguration: { name: barmanPlugin } };

/** Hours after which a base backup is late: the longest time between two, and a morning to notice. */
export function lateAfterHours({ weekdays: days }: Pick<BackupPlan, "weekdays">): number {
  const on = days.length === 0 ? [0, 1, 2, 3, 4, 5, 6] : days.map((day) => weekdays.indexOf(day));
  const sorted = [...new Set(on)].sort((a, b) => a - b);
  const gaps = sorted.map((day, i) => (sorted[i + 1] ?? (sorted[0] ?? 0) + 7) - day);
  return Math.max(...gaps) * 24 + 12;
}

/**
 * Base backups; the first is made at once, because nothing can be recovered before. Another archive has a schedule of its own,
 * and so a first backup of its own: PostgreSQL cannot be recovered over the border of a major.
 */
export function scheduledBackup(cluster: string, backup: BackupPlan) {
  return {
    apiVersion: "postgresql.cnpg.io/v1",
    kind: "ScheduledBackup",
    metadata: { name: objectName(cluster, backup.archive), namespace },
    spec: {
      cluster: { name: cluster },
      schedule: cron(backup),
      immediate: true,
      // Their objects go with the cluster; what is in the store stays.
      backupOwnerReference: "cluster",
      ...byPlugin,
    },
  };
}
