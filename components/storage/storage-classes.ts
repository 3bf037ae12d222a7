import { coded, type ClassPlan } from "./classes.ts";
import { drivers, storageNamespace } from "./operator-values.ts";

const namespace = storageNamespace.name;

/** Features that the kernel's rbd has had since Linux 5.4 (rook, Getting-Started/Prerequisites/prerequisites.md). */
const imageFeatures = "layering,fast-diff,object-map,deep-flatten,exclusive-lock";

/** What CSI asks a Secret for, by whether it is the controller's or a node's. */
const purposes = {
  block: {
    provisioner: ["provisioner", "controller-expand", "controller-publish", "controller-modify"],
    node: ["node-stage", "node-publish"],
  },
  file: {
    provisioner: ["provisioner", "controller-expand", "controller-publish"],
    node: ["node-stage"],
  },
} as const;

/** What a StorageClass says of how its volumes are made; as in Rook's chart. All of it is for good. */
export interface StorageClassForm {
  readonly provisioner: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly mountOptions?: readonly string[];
}

/** The StorageClass of a class, apart from what every one has. */
export function storageClassForm(plan: ClassPlan): StorageClassForm {
  switch (plan.kind) {
    case "block":
      return {
        provisioner: drivers.block,
        mountOptions: ["discard"],
        parameters: {
          clusterID: namespace,
          ...(coded(plan)
            ? { pool: `${plan.name}-metadata`, dataPool: plan.name }
            : { pool: plan.name }),
          imageFormat: "2",
          imageFeatures,
          "csi.storage.k8s.io/fstype": "ext4",
          ...secrets("block"),
        },
      };
    case "file":
      return {
        provisioner: drivers.file,
        parameters: {
          clusterID: namespace,
          fsName: plan.name,
          pool: `${plan.name}-${coded(plan) ? "data1" : "data0"}`,
          ...secrets("file"),
        },
      };
    case "bucket":
      return {
        provisioner: `${namespace}.ceph.rook.io/bucket`,
        parameters: {
          objectStoreName: plan.name,
          objectStoreNamespace: namespace,
          region: bucketRegion,
        },
      };
  }
}

/** What S3's clients must name; there is one. */
export const bucketRegion = "us-east-1";

/** Secrets that Rook makes for a driver. */
function secrets(kind: "block" | "file"): Record<string, string> {
  const prefix = kind === "block" ? "rook-csi-rbd" : "rook-csi-cephfs";
  return Object.fromEntries(
    (["provisioner", "node"] as const).flatMap((side) =>
      purposes[kind][side].flatMap((purpose) => [
        [`csi.storage.k8s.io/${purpose}-secret-name`, `${prefix}-${side}`],
        [`csi.storage.k8s.io/${purpose}-secret-namespace`, namespace],
      ]),
    ),
  );
}

/** Name of the snapshot class of all block, or of all file classes: there is one for each driver. */
export function snapshotClassName(kind: "block" | "file"): string {
  return `ceph-${kind}`;
}

/** A VolumeSnapshotClass without its name: driver, and the Secret by which a snapshot is made. */
export function snapshotClassForm(kind: "block" | "file"): Record<string, unknown> {
  return {
    driver: drivers[kind],
    deletionPolicy: "Delete",
    parameters: {
      clusterID: namespace,
      "csi.storage.k8s.io/snapshotter-secret-name":
        kind === "block" ? "rook-csi-rbd-provisioner" : "rook-csi-cephfs-provisioner",
      "csi.storage.k8s.io/snapshotter-secret-namespace": namespace,
    },
  };
}
