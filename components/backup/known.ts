/** Volumes that are saved, as a state has them. */
import { gibibytes } from "../storage/known.ts";

/** A ReplicationSource as the last run has made it. */
export interface KnownBackup {
  readonly namespace: string;
  readonly claim: string;
  /** Size of its cache's claim. */
  readonly cacheGiB: number;
}

interface StoredResource {
  readonly type: string;
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** The parts of a ReplicationSource's state that count here. */
interface StoredSource {
  readonly metadata?: { readonly namespace?: string; readonly name?: string };
  readonly spec?: { readonly restic?: { readonly cacheCapacity?: string } };
}

/** The backups among a state's resources. */
export function knownBackups(resources: readonly StoredResource[]): readonly KnownBackup[] {
  return resources.flatMap(({ type, outputs }) => {
    if (type !== "kubernetes:volsync.backube/v1alpha1:ReplicationSource") return [];
    const { metadata: { namespace, name } = {}, spec = {} } = outputs as StoredSource;
    if (namespace === undefined || name === undefined) return [];
    return [{ namespace, claim: name, cacheGiB: gibibytes(spec.restic?.cacheCapacity ?? "") }];
  });
}
