import { coded, type ClassPlan } from "./classes.ts";
import type { ClusterPlan } from "./cluster-plan.ts";
import { clusterSpec } from "./cluster-spec.ts";
import { storageNamespace } from "./operator-values.ts";
import { blockPool, codedBlockPool, filesystem, managersPool, objectStore } from "./pools.ts";
import { resources } from "./requests.ts";

/**
 * Rules of the chart (prometheus/localrules.yaml) that are left out. CephNodeDiskspaceWarning carries on for five days what file
 * systems did since the site came up, with no minimum of time: while images are pulled it fires for each of every node. What it
 * is for, kube-prometheus-stack's NodeFilesystemSpaceFillingUp says after an hour, and where little room is left.
 */
const unusedRules = { CephNodeDiskspaceWarning: { disabled: true } } as const;

/**
 * Values of the rook-ceph-cluster chart: the CephCluster, and a pool, filesystem or object store for each class.
 * @see https://rook.io/docs/rook/v1.20/Helm-Charts/ceph-cluster-chart/
 */
export function clusterValues(plan: ClusterPlan): Record<string, unknown> {
  const of = (kind: ClassPlan["kind"]): readonly ClassPlan[] =>
    plan.classes.filter((one) => one.kind === kind);
  return {
    operatorNamespace: storageNamespace.name,
    cephImage: { repository: "quay.io/ceph/ceph", tag: plan.ceph, allowUnsupported: false },
    monitoring: {
      enabled: plan.monitoring,
      createPrometheusRules: plan.monitoring,
      prometheusRuleOverrides: unusedRules,
    },
    toolbox: { enabled: true, resources: resources({ cpu: 0.01, memoryMiB: 64, limitMiB: 1024 }) },
    cephClusterSpec: clusterSpec(plan),
    cephBlockPools: [
      ...of("block")
        .filter((one) => !coded(one))
        .map(blockPool),
      managersPool(plan),
    ],
    cephECBlockPools: of("block").filter(coded).map(codedBlockPool),
    cephFileSystems: of("file").map(filesystem),
    cephObjectStores: of("bucket").map((one) => objectStore(one, of("bucket"), plan)),
  };
}

/** The release of Ceph that the inputs of a Helm release with such values ask for; undefined where they ask for none. */
export function cephRelease({ values }: Readonly<Record<string, unknown>>): unknown {
  return (values as { readonly cephImage?: { readonly tag?: unknown } } | undefined)?.cephImage
    ?.tag;
}
