/** What VolSync says of a restore. */
import { lastLine } from "../../stacks/doctor/kubectl.ts";
import { locked } from "../../stacks/parts/backup/doctor.ts";

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
  | { readonly state: "done"; readonly from: Restored | undefined }
  | { readonly state: "failed"; readonly reason: string; readonly locked: boolean };

/** The backup that a mover has restored. */
export interface Restored {
  /** The first digits of its id in the repository. */
  readonly id: string;
  /** When it began, by the mover's clock. */
  readonly time: Date;
}

/** Reads `restoring snapshot 1a2b3c4d of [/data] at 2026-11-27 03:00:12.5 +0000 UTC by ...` (restic, internal/restic/snapshot.go). */
function restored(logs: string): Restored | undefined {
  const line = /restoring snapshot (\w+) of .* at (\S+) (\S+) ([+-]\d{4}) /.exec(logs);
  if (line === null) return undefined;
  const [, id = "", day = "", time = "", zone = ""] = line;
  return { id, time: new Date(`${day}T${time}${zone}`) };
}

/** Judges a restore with this tag. A mover that finds nothing to restore ends well (mover-restic/entry.sh, do_restore). */
export function progress({ status = {} }: RestoreInForce, tag: string): Progress {
  const { lastManualSync, latestMoverStatus: { result, logs = "" } = {} } = status;
  if (lastManualSync === tag)
    return /No data will be restored|No eligible snapshots/.test(logs)
      ? { state: "failed", reason: "its repository has no backup that fits", locked: false }
      : { state: "done", from: restored(logs) };
  if (result === "Failed")
    return { state: "failed", reason: lastLine(logs), locked: locked({ logs }) };
  return { state: "works" };
}
