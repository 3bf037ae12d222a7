/** What VolSync says of a restore. */
import { lastLine } from "../../stacks/doctor/kubectl.ts";
import { locked, type Condition } from "../../stacks/parts/backup/doctor.ts";

/** A ReplicationDestination, as far as a restore looks (volsync v0.16.0, api/v1alpha1/replicationdestination_types.go). */
export interface RestoreInForce {
  readonly status?: {
    readonly lastManualSync?: string;
    readonly latestMoverStatus?: { readonly result?: string; readonly logs?: string };
    readonly conditions?: readonly Condition[];
  };
}

/** An event of the cluster (https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/), as kubectl has it. */
export interface EventInForce {
  readonly involvedObject: { readonly kind?: string; readonly name?: string };
  readonly reason?: string;
  readonly message?: string;
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
}

/** The newest warning about a destination, its mover, its pod or its cache; VolSync waits for each of them without a word. */
export function lastWarning(events: readonly EventInForce[], name: string): string | undefined {
  const time = ({ lastTimestamp, eventTime }: EventInForce): string =>
    lastTimestamp ?? eventTime ?? "";
  const ours = events.filter(
    ({ involvedObject: { name: of = "" } }) => of === name || of.startsWith(`volsync-dst-${name}`),
  );
  const newest = ours.toSorted((a, b) => time(a).localeCompare(time(b))).at(-1);
  if (newest === undefined) return undefined;
  const { involvedObject: of, reason = "", message = "" } = newest;
  return `${of.kind?.toLowerCase() ?? ""}/${of.name ?? ""}: ${reason}: ${message}`;
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
