/** Which backup of a volume is restored, by what its repository has. */
import { stamp } from "../../components/days.ts";

/** A volume and its backups, the newest first. */
export interface Offered {
  /** NAMESPACE/CLAIM. */
  readonly volume: string;
  readonly times: readonly Date[];
}

/** `2026-11-28T03:00:00Z` of whatever a person has written; throws where that is no moment. */
export function moment(text: string): Date {
  // Without a zone it would be this computer's, and backups are told in UTC.
  const at = /(Z|[+-]\d\d:?\d\d)$/.test(text) ? new Date(text) : new Date(NaN);
  if (Number.isNaN(at.getTime()))
    throw new Error(`${text} is no moment with its zone; write 2026-11-28T03:00:00Z`);
  return at;
}

/**
 * The backup of each volume that is restored: the newest, or the newest that is not from after `at`. Throws, with those that
 * there are, where one has none: VolSync would restore nothing, and call it a success.
 */
export function choose(
  all: readonly Offered[],
  at?: Date,
): readonly { readonly volume: string; readonly time: Date }[] {
  const chosen = all.map(({ volume, times }) => ({
    volume,
    times,
    time: times.find((time) => at === undefined || time.getTime() <= at.getTime()),
  }));
  const missing = chosen.filter(({ time }) => time === undefined);
  if (missing.length > 0)
    throw new Error(
      [
        "nothing was changed:",
        ...missing.map(({ volume, times }) =>
          times.length === 0
            ? `${volume} has no backup`
            : `${volume} has no backup from before; there are ${times.slice(0, 20).map(stamp).join(", ")}`,
        ),
      ].join("\n  "),
    );
  return chosen.flatMap(({ volume, time }) => (time === undefined ? [] : [{ volume, time }]));
}
