/** Which backup of a volume is restored, by what its repository has. */
import { momentOf } from "../../components/backup/moments.ts";
import { stamp } from "../../components/days.ts";

/** A volume and its backups, the newest first. */
export interface Offered {
  /** NAMESPACE/CLAIM. */
  readonly volume: string;
  readonly times: readonly Date[];
  /** When a sync began that has not ended. */
  readonly began?: Date | undefined;
}

/** A backup that is to be restored. */
export interface Chosen {
  readonly volume: string;
  /** When it arrived. */
  readonly time: Date;
  /** The moment of the volume that it holds. */
  readonly of: Date;
  /** Copies that have arrived since a sync began which has not ended; the first may still be at work. */
  readonly since: number;
}

/** What a person is asked about: the moment of each volume, and why none of later is there. */
export function told(chosen: readonly Chosen[]): string {
  return chosen
    .map(({ volume, of, since }) => {
      const what = `${volume} of ${stamp(of)}`;
      return since < 2
        ? what
        : `${what} (no backup has ended since then: its ${since} copies since may all hold that moment, and what came later may be in none)`;
    })
    .join(", ");
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
export function choose(all: readonly Offered[], at?: Date): readonly Chosen[] {
  const chosen = all.map(({ volume, times, began }) => ({
    ...{ volume, times, began },
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
  return chosen.flatMap(({ volume, times, began, time }) => {
    if (time === undefined) return [];
    const of = momentOf(time, began);
    return [{ volume, time, of, since: of === time ? 0 : times.filter((one) => one > of).length }];
  });
}
