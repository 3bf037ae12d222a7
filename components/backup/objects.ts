/** Repository, backup and restore of a claim, as VolSync's kinds (`volsync.backube/v1alpha1`) have them. */
import { createHash } from "node:crypto";
import { snapshotClassName } from "../storage/storage-classes.ts";
import { ownersPod } from "../workload/restricted.ts";
import { authorityKey, repositorySecret } from "./names.ts";
import type { SavedPlan, SavingPlan, TargetPlan } from "./plan.ts";

const apiVersion = "volsync.backube/v1alpha1";

/** Folder of a claim's repository: no two sources may share one (docs/usage/restic/index.rst). */
export function repositoryFolder(
  { folder }: Pick<TargetPlan, "folder">,
  { namespace, claim }: Pick<SavedPlan, "namespace" | "claim">,
): string {
  return `${folder}/${namespace}/${claim}`;
}

/** What restic is told by its environment: https://restic.readthedocs.io/en/v0.18.1/040_backup.html#environment-variables */
export function repositorySettings(
  target: TargetPlan,
  saved: Pick<SavedPlan, "namespace" | "claim">,
): Record<string, string> & { readonly RESTIC_REPOSITORY: string } {
  const { endpoint, bucket, region, ca } = target;
  const place = `${endpoint.replace(/\/$/, "")}/${bucket}/${repositoryFolder(target, saved)}`;
  return {
    RESTIC_REPOSITORY: `s3:${place}`,
    AWS_DEFAULT_REGION: region,
    ...(ca === undefined ? {} : { [authorityKey]: ca }),
  };
}

/** Minutes over which the backups of a site begin, so that they do not all ask the store at once. */
const spreadMinutes = 30;

/** When a claim is saved, as cron has it, in VolSync's clock, which is UTC. */
export function schedule(
  { at, everyHours }: Pick<SavingPlan, "at" | "everyHours">,
  { namespace, claim }: Pick<SavedPlan, "namespace" | "claim">,
): string {
  const hash = createHash("sha256").update(`${namespace}/${claim}`).digest();
  const [hour = 0, minute = 0] = at.split(":").map(Number);
  const first = hour * 60 + minute + (hash.readUInt16BE(0) % spreadMinutes);
  const hours = Array.from(
    { length: 24 / everyHours },
    (_, i) => (Math.floor(first / 60) + i * everyHours) % 24,
  );
  return `${first % 60} ${hours.sort((a, b) => a - b).join(",")} * * *`;
}

/** Hours after which a backup is late: one may fail, and the next is then looked at. */
export function lateAfterHours({ everyHours }: Pick<SavingPlan, "everyHours">): number {
  return 2 * everyHours + 2;
}

/** A ReplicationSource: the claim's backup. */
export function replicationSource(saved: SavedPlan, saving: SavingPlan) {
  const { namespace, claim, kind } = saved;
  return {
    apiVersion,
    kind: "ReplicationSource",
    metadata: { namespace, name: claim },
    spec: {
      sourcePVC: claim,
      trigger: { schedule: schedule(saving, saved) },
      restic: {
        ...mover(saved, saving),
        copyMethod: "Snapshot",
        volumeSnapshotClassName: snapshotClassName(kind),
        // Of a file class a volume that is only read is the snapshot itself; any other one is a whole copy of it
        // (ceph-csi, docs/design/proposals/cephfs-snapshot-shallow-ro-vol.md).
        ...(kind === "file" ? { accessModes: ["ReadOnlyMany"] } : {}),
        pruneIntervalDays: 7,
        retain: saving.keep,
      },
    },
  };
}

/**
 * A ReplicationDestination: what a claim begins with. It restores once when it is made, into a volume that goes afterwards, and
 * keeps a snapshot of that, of which VolSync's populator makes the claim's volume (internal/controller,
 * volumepopulator_controller.go). A repository that is not there is made, and one without snapshots restores nothing, which
 * succeeds: such a claim begins empty (mover-restic/entry.sh). While the store does not answer the claim waits.
 */
export function replicationDestination(
  saved: SavedPlan & { readonly made: NonNullable<SavedPlan["made"]> },
  saving: SavingPlan,
) {
  const { namespace, claim, kind, class: storageClassName, made } = saved;
  return {
    apiVersion,
    kind: "ReplicationDestination",
    metadata: { namespace, name: claim },
    spec: {
      trigger: { manual: "first" },
      restic: {
        ...mover(saved, saving),
        copyMethod: "Snapshot",
        volumeSnapshotClassName: snapshotClassName(kind),
        storageClassName,
        capacity: `${made.sizeGiB}Gi`,
        accessModes: [made.shared ? "ReadWriteMany" : "ReadWriteOnce"],
        cleanupTempPVC: true,
        cleanupCachePVC: true,
      },
    },
  };
}

/** A ReplicationDestination that puts a backup into a claim that is there: what the claim has besides goes. */
export function replicationInPlace(
  saved: SavedPlan,
  saving: SavingPlan,
  run: { readonly name: string; readonly tag: string; readonly asOf?: string },
) {
  const { namespace, claim } = saved;
  return {
    apiVersion,
    kind: "ReplicationDestination",
    metadata: { namespace, name: run.name },
    spec: {
      trigger: { manual: run.tag },
      restic: {
        ...mover(saved, saving),
        copyMethod: "Direct",
        destinationPVC: claim,
        enableFileDeletion: true,
        cleanupCachePVC: true,
        ...(run.asOf === undefined ? {} : { restoreAsOf: run.asOf }),
      },
    },
  };
}

/**
 * What every mover is told. It runs as the files' own user: one with root's rights needs an annotation of the namespace, by
 * which anybody in it gets them (docs/usage/permissionmodel.rst). Its image names no user, so that `restricted` wants one named.
 */
function mover(saved: SavedPlan, saving: SavingPlan) {
  const { claim, class: name } = saved;
  const repository = repositorySecret(claim);
  return {
    repository,
    ...(saving.target.ca === undefined
      ? {}
      : { customCA: { secretName: repository, key: authorityKey } }),
    // Left out, the cache would be of the cluster's default class, and be shared where the data is.
    cacheStorageClassName: name,
    cacheAccessModes: ["ReadWriteOnce"],
    cacheCapacity: `${saving.cacheGiB}Gi`,
    moverSecurityContext: ownersPod(saved),
    moverResources: {
      requests: { cpu: "50m", memory: "128Mi" },
      limits: { memory: `${saving.memoryMiB}Mi` },
    },
  };
}
