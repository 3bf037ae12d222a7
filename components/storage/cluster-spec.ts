/** The CephCluster: its daemons, where they run, and what they go by. */
import { byIdPath } from "../proxmox/disks.ts";
import { crushType, hostLabel } from "./classes.ts";
import { twoOf, usual, type ClusterPlan } from "./cluster-plan.ts";
import { resources, shares } from "./requests.ts";

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
 * What Ceph's daemons go by where its defaults are not for such a site; all values are texts. An entry that is taken away stays
 * in force: the operator unsets none.
 *
 * Ceph gives no disk up while a whole bucket of the type `rack` or a larger one is down above it, and a host is a zone here
 * (OSDMonitor::tick and OSDMap::containing_subtree_is_down in ceph/src; types in OSDMap::_build_crush_types): a lost host would
 * never heal. A lost rack still does not: there is room for a host's copies, and racks come back with their power.
 * @see https://rook.io/docs/rook/v1.20/CRDs/Cluster/ceph-cluster-crd/#ceph-config
 */
const cephConfig = ({ machines }: Pick<ClusterPlan, "machines">) => ({
  // Ceph warns of fewer disks than these copies, whatever pools ask for (TOO_FEW_OSDS in ceph/src/mon/PGMap.cc).
  global: { osd_pool_default_size: String(usual({ machines }).replicas) },
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

/**
 * The chart's `cephClusterSpec`.
 * @see https://rook.io/docs/rook/v1.20/CRDs/Cluster/ceph-cluster-crd/
 */
export function clusterSpec(plan: ClusterPlan): Record<string, unknown> {
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
    // Of fewer than three disks Rook restarts one without asking Ceph, and the next though the first is not back (rook v1.20.6,
    // pkg/daemon/ceph/client/upgrade.go, OSDUpdateShouldCheckOkToStop, and pkg/operator/ceph/cluster/osd/update.go).
    ...(usual(plan).replicas < 3 ? { upgradeOSDRequiresHealthyPGs: true } : {}),
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
