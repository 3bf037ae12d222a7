/** What VolSync says of a restore. */
import { lastLine } from "../../stacks/doctor/kubectl.ts";

/** A ReplicationDestination, as far as a restore looks (volsync v0.16.0, api/v1alpha1/replicationdestination_types.go). */
export interface RestoreInForce {
  readonly status?: {
    readonly lastManualSync?: string;
    readonly latestMoverStatus?: { readonly result?: string; readonly logs?: string };
  };
}

/** How far a restore is. */
export type Progress =
  | { readonly state: "works" }
  | { readonly state: "done" }
  | { readonly state: "failed"; readonly reason: string };

/** Judges a restore with this tag. A mover that finds nothing to restore ends well (mover-restic/entry.sh, do_restore). */
export function progress({ status = {} }: RestoreInForce, tag: string): Progress {
  const { lastManualSync, latestMoverStatus: { result, logs = "" } = {} } = status;
  if (lastManualSync === tag)
    return /No data will be restored|No eligible snapshots/.test(logs)
      ? { state: "failed", reason: "its repository has no backup that fits" }
      : { state: "done" };
  if (result === "Failed") return { state: "failed", reason: lastLine(logs) };
  return { state: "works" };
}
