/** Where the classes keep what is theirs: pools, filesystems and object stores, as the chart rook-ceph-cluster takes them. */
import { coded, crushType, type ClassPlan } from "./classes.ts";
import { twoOf, usual, type ClusterPlan } from "./cluster-plan.ts";
import { gatewayServicePort } from "./gateway.ts";
import { resources, shares } from "./requests.ts";

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

export function blockPool(plan: ClassPlan): Record<string, unknown> {
  return { name: plan.name, spec: dataPool(plan), storageClass };
}

/**
 * Where Ceph's manager keeps what it knows of devices. It makes this pool by itself, with three copies on three machines, and Ceph
 * is never healthy where there are fewer (ceph, src/pybind/mgr/mgr_module.py, create_mgr_pool; rook,
 * deploy/examples/pool-builtin-mgr.yaml).
 */
export function managersPool(plan: Pick<ClusterPlan, "machines">): Record<string, unknown> {
  const { failureDomain, replicas } = usual(plan);
  return {
    name: "builtin-mgr",
    spec: { name: ".mgr", ...replicated({ failureDomain, replicas }) },
    storageClass,
  };
}

/** The pool of the class's name has the data; the chart calls the one for metadata NAME-metadata. */
export function codedBlockPool(plan: ClassPlan): Record<string, unknown> {
  return {
    name: plan.name,
    spec: { metadataPool: metadataPool(plan), dataPool: dataPool(plan) },
    storageClass,
  };
}

export function filesystem(plan: ClassPlan): Record<string, unknown> {
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
        // What a file system still has to say to it, it says after the applications have gone.
        priorityClassName: "system-node-critical",
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
export function objectStore(
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
