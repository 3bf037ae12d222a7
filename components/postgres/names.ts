/** How what belongs to Postgres is called in the cluster: by charts, objects, policies and the proof alike. */
import type { NamespacePlan } from "../workload/namespace.ts";

/**
 * Namespace of CloudNativePG's operator and of its plugin, which the operator looks for in its own namespace alone
 * (plugin-barman-cloud v0.13.0, web/docs/installation.mdx). All pods keep to the profile `restricted`.
 */
export const operatorNamespace = { name: "cnpg-system" } as const satisfies NamespacePlan;

/**
 * Namespace of the Postgres clusters. Instances, their jobs and poolers keep to `restricted`, and so does the plugin's
 * container beside each instance (cloudnative-pg v1.30.0, docs/src/security.md; plugin-barman-cloud, lifecycle.go).
 */
export const postgresNamespace = { name: "postgres" } as const satisfies NamespacePlan;

/** Where both charts are: https://github.com/cloudnative-pg/charts#usage */
export const postgresCharts = "https://cloudnative-pg.github.io/charts";

/** Labels of the operator's and of the plugin's pods, as the charts give them. */
export const operatorLabels = { "app.kubernetes.io/name": "cloudnative-pg" } as const;
export const pluginLabels = { "app.kubernetes.io/name": "plugin-barman-cloud" } as const;

/** Name by which Clusters and Backups ask for the plugin. */
export const barmanPlugin = "barman-cloud.cloudnative-pg.io";

/** Label of everything that runs for a Cluster: instances, jobs and poolers (cloudnative-pg, pkg/utils/labels_annotations.go). */
export const clusterLabel = "cnpg.io/cluster";

/** Labels by which instances are told among these. */
export const instancePods = { "cnpg.io/podRole": "instance" } as const;

/** Where things listen (cloudnative-pg, pkg/management/url/url.go). */
export const ports = { postgres: 5432, status: 8000, plugin: 9090, webhook: 9443 } as const;

/** The database and its owner that every Cluster begins with; what Postgres tells of itself is asked there. */
export const firstDatabase = "app";

/**
 * Name of an object that belongs to something in a cluster: `main.photo-library` for the database `photo_library`. No
 * cluster's name has a dot, so that no two of them meet; no object's name has an underscore.
 */
export function objectName(cluster: string, name: string): string {
  return `${cluster}.${name.replaceAll("_", "-")}`;
}

/** The Service that leads to the primary, or to the pooler before it (cloudnative-pg, docs/src/service_management.md). */
export function serviceName(cluster: string, pooled: boolean): string {
  return pooled ? poolerName(cluster) : `${cluster}-rw`;
}

/** Name of a cluster's Pooler, and of its Service. Names with -rw, -ro and -r are the operator's own. */
export function poolerName(cluster: string): string {
  return `${cluster}-pooler`;
}

/** Name of a cluster's bucket, of its claim and of the Secret that Rook makes for it. */
export function bucketName(cluster: string): string {
  return `postgres-${cluster}`;
}
