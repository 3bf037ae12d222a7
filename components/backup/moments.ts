/** Which moment of a volume its copies hold, as far as that can be told without opening them. */
import { stamp } from "../days.ts";

/**
 * The moment of what a copy from `time` holds. VolSync takes its snapshot of the volume when a sync begins and drops it when one
 * has succeeded (volsync v0.16.0, internal/controller/statemachine/machine.go, volumehandler.go, ensureSnapshot): all that a mover
 * has written since a sync `began` which has not ended may be of then.
 */
export function momentOf(time: Date, began: Date | undefined): Date {
  return began !== undefined && began.getTime() < time.getTime() ? began : time;
}

/** How `--at` names the copy that arrived at `time`: to the second, and not from before it. */
export function asOf(time: Date): string {
  return stamp(new Date(Math.ceil(time.getTime() / 1_000) * 1_000));
}

/** Copies that came faster than turns do. */
export interface Repeated {
  readonly copies: number;
  /** When the first of them came: all may be of then, or of before. */
  readonly since: Date;
}

/**
 * Copies, the newest first, of which more came within one turn than turns make: two, for the first backup is made at once. Such
 * a mover fails after it has saved, at a lock or at a file that it cannot read, and saves the same snapshot again
 * (mover-restic/entry.sh, do_backup and do_forget; restic v0.18.1, cmd/restic/cmd_backup.go, ErrInvalidSourceData).
 */
export function repeated(times: readonly Date[], everyHours: number): Repeated | undefined {
  const [newest] = times;
  if (newest === undefined) return undefined;
  const turn = times.filter((time) => newest.getTime() - time.getTime() < everyHours * 3_600_000);
  const since = turn.at(-1);
  return turn.length > 2 && since !== undefined ? { copies: turn.length, since } : undefined;
}
