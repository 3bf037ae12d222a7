import { byIdPath } from "../proxmox/disks.ts";
import { coded, crushType, hostLabel, type ClassPlan, type StorageMachine } from "./classes.ts";
import { gatewayServicePort } from "./gateway.ts";
import { storageNamespace, type Monitored } from "./operator-values.ts";
import { resources, shares } from "./requests.ts";

export interface ClusterPlan extends Monitored {
  /** Release of Ceph, a tag of quay.io/ceph/ceph. */
  readonly ceph: string;
  /** Those with disks for it. */
  readonly machines: readonly StorageMachine[];
  /** How many machines the cluster has, on any of which its other daemons may run. */
  readonly nodes: number;
  readonly classes: readonly ClassPlan[];
  /** Keys of taints that the machines have. */
  readonly taints: readonly string[];
  /** Whether the end of the cluster is the end of its data. */
  readonly wipeOnDestroy: boolean;
  /** Where the dashboard asks for its graphs; none without a Prometheus. */
  readonly prometheus?: string;
}

/**
 * Warnings that are muted, because they cannot end: keys of CSI stay of the type `aes` until the nodes' kernel is Linux 7.0,
 * and Debian 13 has 6.12. Ceph 20.2.4 warns of each of these for as long, and its health would never be HEALTH_OK. An entry
 * that is taken away stays muted; write `unmute` in its place once all keys are of the new type.
 * @see https://rook.io/docs/rook/v1.20/Storage-Configuration/Advanced/cephx-key-rotation/#warnings
 */
export const mutedWarnings = [
  "AUTH_INSECURE_ROTATING_SERVICE_KEY_TYPE",
  "AUTH_INSECURE_CLIENT_KEY_TYPE",
  "AUTH_INSECURE_KEYS_ALLOWED",
  "AUTH_INSECURE_KEYS_CREATABLE",
] as const;

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
    cephBlockPools: of("block")
      .filter((one) => !coded(one))
      .map(blockPool),
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

/**
 * What Ceph's daemons go by where its defaults are not for such a site; all values are texts. An entry that is taken away stays
 * in force: the operator unsets none.
 *
 * Ceph gives no disk up while a whole bucket of the type `rack` or a larger one is down above it, and a host is a zone here
 * (OSDMonitor::tick and OSDMap::containing_subtree_is_down in ceph/src; types in OSDMap::_build_crush_types): a lost host would
 * never heal. A lost rack still does not: there is room for a host's copies, and racks come back with their power.
 * @see https://rook.io/docs/rook/v1.20/CRDs/Cluster/ceph-cluster-crd/#ceph-config
 */
const cephConfig = ({ machines }: Pick<ClusterPlan, "machines">) => ({
  mon: {
    mon_osd_down_out_subtree_limit: crushType("rack"),
    // A silent disk is down once disks of two other machines miss it, and with fewer of these only after a quarter of an hour, in
    // which all wait for it (mon_osd_min_down_reporters, mon_osd_report_timeout).
    ...(machines.length < 3 ? { mon_osd_min_down_reporters: "1" } : {}),
    // Percent that are free where a monitor keeps its data, 30 in Ceph: on a machine's root disk with images, of which the kubelet
    // removes none before 85 % are used. Pods are evicted, and Ceph gives up, at 5 (mon_data_avail_crit; k3s,
    // pkg/daemons/agent/agent.go).
    mon_data_avail_warn: "10",
  },
  // Ceph warns for a day of a single write that took five seconds, as any ordinary disk takes while copies are made anew
  // (bluestore_log_op_age; https://docs.ceph.com/en/tentacle/rados/operations/health-checks/#bluestore-slow-op-alert).
  osd: { bluestore_slow_ops_warn_threshold: "10", bluestore_slow_ops_warn_lifetime: "600" },
});

/** Of what one is enough, and another one stands in where there is a machine for it. */
const twoOf = ({ nodes }: Pick<ClusterPlan, "nodes">): number => Math.min(2, nodes);

function clusterSpec(plan: ClusterPlan): Record<string, unknown> {
  return {
    cephConfig: cephConfig(plan),
    security: { cephx: { csi: { keyType: "aes" } } },
    // Two would need both: a majority of them.
    mon: { count: plan.nodes < 3 ? 1 : 3, allowMultiplePerNode: false },
    mgr: { count: twoOf(plan), allowMultiplePerNode: false },
    // Gateways and the tailnet bring TLS; the certificate that Ceph signs itself is of use to nobody.
    dashboard: {
      enabled: true,
      ssl: false,
      ...(plan.prometheus === undefined ? {} : { prometheusEndpoint: plan.prometheus }),
    },
    cleanupPolicy: { confirmation: plan.wipeOnDestroy ? "yes-really-destroy-data" : "" },
    removeOSDsIfOutAndSafeToRemove: false,
    healthCheck: {
      muteHealthWarning: Object.fromEntries(
        mutedWarnings.map((code) => [code, { policy: "mute" }]),
      ),
    },
    placement: placement(plan),
    resources: Object.fromEntries(
      Object.entries(shares)
        .filter(([daemon]) => daemon !== "mds" && daemon !== "rgw")
        .map(([daemon, share]) => [daemon, resources(share)]),
    ),
    storage: {
      // A disk that has grown gets as much more of the data once the operator looks (rook, osd/osd.go).
      allowOsdCrushWeightUpdate: true,
      // Both are on in the chart: every blank disk of every node would be taken.
      useAllNodes: false,
      useAllDevices: false,
      nodes: plan.machines.map(({ name, disks }) => ({
        name,
        devices: disks.map((disk) => ({ name: byIdPath(disk) })),
      })),
    },
  };
}

/** Monitors keep apart by host, not by machine alone; all daemons bear what keeps ordinary pods away. */
function placement({ taints }: ClusterPlan): Record<string, unknown> {
  const tolerations = taints.map((key) => ({ key, operator: "Exists" }));
  return {
    ...(tolerations.length > 0 ? { all: { tolerations } } : {}),
    mon: {
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: hostLabel,
          whenUnsatisfiable: "DoNotSchedule",
          labelSelector: { matchLabels: { app: "rook-ceph-mon" } },
        },
      ],
    },
  };
}

/**
 * Copies of data or of metadata. Rook refuses a size of 1 unless told that nothing is safe then, and leaves the failure domain of
 * a pool that is there as it is unless told to change it (rook/pkg/daemon/ceph/client/pool.go, updatePoolCrushRuleLocked).
 */
function replicated({
  replicas,
  failureDomain,
}: Pick<ClassPlan, "replicas" | "failureDomain">): Record<string, unknown> {
  return {
    failureDomain: crushType(failureDomain),
    enableCrushUpdates: true,
    replicated: { size: replicas, requireSafeReplicaSize: replicas > 1 },
  };
}

/** The pool that holds a class' data. Rook sets what is named, and unsets nothing, so that `none` is named too. */
function dataPool(plan: ClassPlan): Record<string, unknown> {
  const { compression, erasureCoding, failureDomain } = plan;
  const parameters = { compression_mode: compression };
  if (erasureCoding === undefined) return { ...replicated(plan), parameters };
  return {
    failureDomain: crushType(failureDomain),
    erasureCoded: { dataChunks: erasureCoding.data, codingChunks: erasureCoding.coding },
    parameters,
  };
}

/** Beside coded data there are as many copies of metadata as losses are to be borne. */
function metadataPool(plan: ClassPlan): Record<string, unknown> {
  return replicated(plan);
}

/** Classes are the program's own: the chart takes `allowVolumeExpansion: false` for true, and cannot change a class. */
const storageClass = { enabled: false };

function blockPool(plan: ClassPlan): Record<string, unknown> {
  return { name: plan.name, spec: dataPool(plan), storageClass };
}

/** The pool of the class's name has the data; the chart calls the one for metadata NAME-metadata. */
function codedBlockPool(plan: ClassPlan): Record<string, unknown> {
  return {
    name: plan.name,
    spec: { metadataPool: metadataPool(plan), dataPool: dataPool(plan) },
    storageClass,
  };
}

function filesystem(plan: ClassPlan): Record<string, unknown> {
  return {
    name: plan.name,
    spec: {
      metadataPool: metadataPool(plan),
      // The first pool also holds what CephFS knows of each file, which is not to be coded; data goes to the second then.
      dataPools: [
        { ...(coded(plan) ? metadataPool(plan) : dataPool(plan)), name: "data0" },
        ...(coded(plan) ? [{ ...dataPool(plan), name: "data1" }] : []),
      ],
      metadataServer: {
        activeCount: 1,
        activeStandby: true,
        resources: resources(shares.mds),
        priorityClassName: "system-cluster-critical",
      },
    },
    storageClass,
  };
}

/**
 * Each store makes `.rgw.root`, which all of them share, as its own metadata is to be kept, and does so again whenever Rook looks
 * (rook v1.20.6, pkg/operator/ceph/object/objectstore.go, CreateObjectStorePools and poolName): all have as many copies of metadata
 * as the class with most. That they are kept apart alike is checked before.
 */
function metadataOfStores(
  { failureDomain }: ClassPlan,
  stores: readonly ClassPlan[],
): Record<string, unknown> {
  return replicated({
    failureDomain,
    replicas: Math.max(...stores.map(({ replicas }) => replicas)),
  });
}

/**
 * With names of its own a gateway takes every other one for a bucket's; Rook adds the name of its Service (rook v1.20.6,
 * pkg/operator/ceph/object/spec.go, addDNSNamesToRGWServer; ceph, src/rgw/rgw_rest.cc, RGWREST::preprocess).
 */
function objectStore(
  plan: ClassPlan,
  stores: readonly ClassPlan[],
  cluster: Pick<ClusterPlan, "nodes" | "wipeOnDestroy">,
): Record<string, unknown> {
  const { dnsNames = [] } = plan;
  return {
    name: plan.name,
    spec: {
      metadataPool: metadataOfStores(plan, stores),
      dataPool: dataPool(plan),
      // A store that goes takes its data with it only where all data is to go.
      preservePoolsOnDelete: !cluster.wipeOnDestroy,
      ...(dnsNames.length === 0 ? {} : { hosting: { dnsNames } }),
      gateway: {
        port: gatewayServicePort,
        instances: twoOf(cluster),
        resources: resources(shares.rgw),
        priorityClassName: "system-cluster-critical",
      },
    },
    storageClass,
  };
}
