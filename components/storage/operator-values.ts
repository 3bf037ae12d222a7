import type { NamespacePlan } from "../workload/namespace.ts";
import { twoOf, type ClusterPlan } from "./cluster-plan.ts";

/**
 * Namespace of Rook and of Ceph's daemons. OSDs open disks of their machine, and CSI mounts volumes for the kubelet: both are
 * privileged.
 */
export const storageNamespace = {
  name: "rook-ceph",
  security: "privileged",
} as const satisfies NamespacePlan;

/** Charts of Rook, and of Ceph's CSI drivers, which Rook 1.20 wants beside it (rook, Helm-Charts/csi-drivers-chart.md). */
export const repositories = {
  rook: "https://charts.rook.io/release",
  csi: "https://ceph.github.io/ceph-csi-operator",
} as const;

/**
 * Names of the CSI drivers: the operator's namespace comes first, as StorageClasses of Rook's chart name them. The drivers'
 * chart leaves it out unless told otherwise, and then no claim is ever bound.
 */
export const drivers = {
  block: `${storageNamespace.name}.rbd.csi.ceph.com`,
  file: `${storageNamespace.name}.cephfs.csi.ceph.com`,
} as const;

/** Whether the cluster has the resource kinds of Prometheus' operator; without them a chart that makes monitors fails. */
export interface Monitored {
  readonly monitoring: boolean;
}

/**
 * Values of the rook-ceph chart. `crds.enabled` is the default, and stays: switching it off later deletes the kinds, and
 * with them the cluster (the chart's own warning).
 * @see https://rook.io/docs/rook/v1.20/Helm-Charts/operator-chart/
 */
export function operatorValues({ monitoring }: Monitored): Record<string, unknown> {
  return {
    crds: { enabled: true },
    resources: { requests: { cpu: "100m", memory: "256Mi" }, limits: { memory: "512Mi" } },
    // Buckets with limits, policies and lifecycles of their own; by default only the first two keys are let through.
    obcAllowAdditionalConfigFields:
      "maxObjects,maxSize,bucketMaxObjects,bucketMaxSize,bucketPolicy,bucketLifecycle",
    // Without `csi.serviceMonitor`: it selects a Service `csi-metrics`, which neither Rook nor its CSI operator makes any more
    // (rook 1.20.6 has no such word in pkg/; ceph-csi-operator, reconcileLivenessService).
    monitoring: { enabled: monitoring },
  };
}

/**
 * Values of the ceph-csi-drivers chart, in which Rook's own recommendation is contained
 * (rook, deploy/charts/ceph-csi-drivers/values.yaml).
 * @see https://github.com/ceph/ceph-csi-operator/blob/main/docs/helm-charts/drivers-chart.md
 */
export function driverValues(plan: Pick<ClusterPlan, "nodes">): Record<string, unknown> {
  const driver = (name: string): Record<string, unknown> => ({
    enabled: true,
    name,
    // The chart's default for rbd is `none`: there is no snapshotter then, and a snapshot waits for ever.
    snapshotPolicy: "volumeSnapshot",
    // A clone or a large image takes longer than the chart's 30 s, and what is begun twice is made twice.
    grpcTimeout: 150,
    // The kubelet rotates what containers print; the chart's own rotation adds a container and a folder on every node.
    log: { verbosity: 0, rotation: { enabled: false } },
    // Two never share a node (ceph-csi-operator, driver_controller.go): with one node the second would wait for ever.
    controllerPlugin: { replicas: twoOf(plan) },
    // Pods with claims run on tainted nodes too.
    nodePlugin: { tolerations: [{ operator: "Exists" }] },
  });
  const off = (name: string): Record<string, unknown> => ({
    enabled: false,
    name: `${storageNamespace.name}.${name}.csi.ceph.com`,
  });
  return {
    operatorConfig: {
      namespace: storageNamespace.name,
      driverSpecDefaults: {
        imageSet: { name: "rook-csi-operator-image-set-configmap" },
        nodePlugin: { priorityClassName: "system-node-critical" },
        controllerPlugin: { priorityClassName: "system-cluster-critical" },
      },
    },
    drivers: {
      rbd: driver(drivers.block),
      cephfs: driver(drivers.file),
      nfs: off("nfs"),
      // On by default; it wants gateways that nobody has set up.
      nvmeof: off("nvmeof"),
    },
  };
}
