/** How what belongs to backups of volumes is called in the cluster: by the chart, objects, policies and scripts alike. */
import type { NamespacePlan } from "../workload/namespace.ts";

/** Namespace of VolSync, whose pod keeps to `restricted`. Its movers run beside the volumes that they read. */
export const backupNamespace = { name: "volsync-system" } as const satisfies NamespacePlan;

/** Where VolSync's chart is. */
export const volsyncCharts = "https://backube.github.io/helm-charts";

/** Labels of VolSync's own pod (helm/volsync/templates/_helpers.tpl). */
export const operatorLabels = { "app.kubernetes.io/name": "volsync" } as const;

/** Labels of all that VolSync makes, movers' pods among it (internal/controller/utils/labels.go). */
export const moverLabels = { "app.kubernetes.io/created-by": "volsync" } as const;

/** Where VolSync tells its metrics, by https with a certificate that nobody has signed. */
export const metricsPort = 8443;

/** Job of VolSync's metrics: the Service of the chart's own ServiceMonitor. */
export const metricsJob = "volsync-metrics";

/** Secret by which movers find the repository of a claim. */
export function repositorySecret(claim: string): string {
  return `${claim}.repository`;
}

/** Key of that Secret with the authority of the store. */
export const authorityKey = "ca.crt";

/** ReplicationDestination that puts a backup into a claim that is there; it goes when that is done. */
export function inPlaceName(claim: string): string {
  return `${inPlacePrefix}${claim}`;
}

export const inPlacePrefix = "restore-";

/**
 * What VolSync makes for one backup of a claim, in the order in which it can go: a claim without its snapshot is not made anew
 * (internal/controller/volumehandler/volumehandler.go, ensureSnapshot).
 */
export function begunBackup(claim: string): readonly string[] {
  return [
    `volumesnapshot/volsync-${claim}-src`,
    `persistentvolumeclaim/volsync-${claim}-src`,
    `job/volsync-src-${claim}`,
  ];
}
