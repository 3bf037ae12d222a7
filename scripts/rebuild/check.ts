/** What of a site's copies is really there. */
import type { ListStore } from "../../components/backup/store.ts";
import { repeated } from "../../components/backup/moments.ts";
import { stamp } from "../../components/days.ts";
import { storeBy } from "../backup/store.ts";
import type { Fate, Item } from "./inventory.ts";

/** Something of the site, with what is known of its copies. */
export interface Row {
  readonly what: string;
  /**
   * `late`: it comes back, as it was longer ago than its schedule allows, or may be so. `missing`: a copy is declared, and there is none.
   * `unseen`: nobody could look.
   */
  readonly fate: Fate | "late" | "missing" | "unseen";
  readonly text: string;
}

/** Looks for the copies of each. What cannot be seen is neither there nor gone. */
export function check(
  items: readonly Item[],
  known: ReadonlyMap<string, string>,
  list: ListStore,
  now = new Date(),
): Promise<readonly Row[]> {
  return Promise.all(
    items.map(async ({ what, fate, how: plain, howFrom, copies }): Promise<Row> => {
      if (copies === undefined) return { what, fate, text: plain };
      const { path, store, prefix, each, called, lateAfterHours = Infinity } = copies;
      const { everyHours = 0 } = copies;
      try {
        const times = (await list(storeBy(store, path, known), prefix))
          .filter(({ key }) => each === undefined || each.test(key))
          .map(({ modified }) => modified)
          .sort((a, b) => b.getTime() - a.getTime());
        const [newest] = times;
        if (newest === undefined)
          return {
            what,
            fate: "missing",
            text: `was never saved: ${store.bucket}/${prefix} is empty`,
          };
        const how = howFrom?.(newest) ?? plain;
        const again = repeated(times, everyHours);
        if (again !== undefined) {
          const since = stamp(again.since);
          return {
            ...{ what, fate: "late" },
            text: `${again.copies} copies since ${since}, more than its schedule makes: a mover begins again and again, and all may be of then or of before; npm run doctor: ${how}`,
          };
        }
        const late = (now.getTime() - newest.getTime()) / 3_600_000 > lateAfterHours;
        const from = `from ${stamp(newest)}, the newest of ${times.length}${called === undefined ? "" : ` ${called}`}`;
        return { what, fate: late ? "late" : fate, text: `${from}: ${how}` };
      } catch (error) {
        return { what, fate: "unseen", text: (error as Error).message };
      }
    }),
  );
}

const titles: Readonly<Record<Row["fate"], string>> = {
  back: "comes back by itself",
  "by hand": "comes back by a person's hand",
  late: "comes back as it was too long ago",
  lost: "is lost",
  missing: "is lost, though the site file wants it saved",
  unseen: "cannot be seen from here",
};

/** Rows under what becomes of them. */
export function text(site: string, rows: readonly Row[]): string {
  const width = Math.max(...rows.map(({ what }) => what.length));
  const groups = Object.entries(titles).flatMap(([fate, title]) => {
    const own = rows.filter((row) => row.fate === fate);
    if (own.length === 0) return [];
    return [[title, ...own.map((row) => `  ${row.what.padEnd(width)}  ${row.text}`)].join("\n")];
  });
  return `${[`${site}, if all of its machines and disks were lost now`, ...groups].join("\n\n")}\n`;
}

/** Whether all that is to be saved is, and lately. */
export const isSound = (rows: readonly Row[]): boolean =>
  rows.every(({ fate }) => !["late", "missing", "unseen"].includes(fate));
