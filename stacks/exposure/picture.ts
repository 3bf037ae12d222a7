/**
 * A picture of who reaches applications, through which doors, and where these keep their data. It is read from the left:
 * visitors, doors, names, applications, stores. It is a file of its own, which asks nobody for anything: letters are those of
 * the reader's system, colours those of light or dark.
 */
import type { Audience } from "../apps/expose-schema.ts";
import { card, type Box, type CardText } from "../status/boxes.ts";
import { element, escaped } from "../status/markup.ts";
import { fileStyle } from "../status/style.ts";
import { row, widths, type Row } from "./picture-rows.ts";
import type { Door, Entrance, Shown } from "./shown.ts";

const visitors = {
  public: { title: "The internet", lines: [] },
  lan: { title: "The LAN", lines: ["and the tailnet, by its router"] },
  tailnet: { title: "The tailnet", lines: ["its devices alone"] },
} as const satisfies Readonly<Record<Audience, CardText>>;
const order = ["public", "lan", "tailnet"] as const satisfies readonly Audience[];

const visitorWidth = 142;
const doorWidth = 190;
/** Room between visitors and doors, between two lines of wires beside each other, and between what stands below each other. */
const gap = 28;
const step = 14;
const drop = 10;
const margin = 16;

/** The picture of these applications. */
export function exposurePicture(title: string, all: readonly Shown[]): string {
  const ways = doorsOf(all);
  const shown = nearTheirDoors(all, ways);
  const rows = shown.map(row);
  const doors = ways.map((door) => card(doorWidth, door));
  const from = order.filter((one) => ways.some((door) => door.from === one));
  const people = from.map((one) => card(visitorWidth, visitors[one], { kind: "outside" }));
  const height = Math.max(...[rows, doors, people].map(stacked));
  const rowTops = spread(rows, height);
  const doorTops = spread(doors, height);
  const taps = ways.map((door) => tapsOf(door, rows, rowTops));
  const ends = doors.map((box, i) => straight((doorTops[i] ?? 0) + box.height / 2, taps[i] ?? []));
  const starts = from.map((one) => middle(ends.filter((_, i) => ways[i]?.from === one)));
  const x = columnsOf(ways.length);
  const width =
    x.app +
    widths.app +
    (shown.some(({ stores }) => stores.length > 0) ? widths.gap + widths.store : 0);
  const parts = [
    ...ways.map((door, i) => {
      const [start = 0, end = 0] = [starts[from.indexOf(door.from)], ends[i]];
      return [
        path(door, `M${visitorWidth} ${start}H${visitorWidth + gap / 2}V${end}H${x.door}`),
        bus(door, end, taps[i] ?? [], { ...x, bus: x.bus + i * step }),
      ].join("");
    }),
    ...people.map((box, i) => box.draw(0, (starts[i] ?? 0) - box.height / 2)),
    ...doors.map((box, i) => box.draw(x.door, (ends[i] ?? 0) - box.height / 2)),
    ...rows.map((one, i) => one.draw(x, rowTops[i] ?? 0)),
  ];
  return file(title, shown, { width, height }, parts);
}

/** Every door once, in the order of visitors. */
function doorsOf(all: readonly Shown[]): readonly Door[] {
  const found = all.flatMap(({ entrances }) => entrances.map(({ door }) => door));
  const known = new Map(found.map((door) => [keyOf(door), door]));
  return order.flatMap((from) => [...known.values()].filter((door) => door.from === from));
}

/** Applications and their names in the order of the doors that lead to them, so that few wires cross. */
function nearTheirDoors(all: readonly Shown[], ways: readonly Door[]): readonly Shown[] {
  const keys = ways.map(keyOf);
  const place = ({ door }: Entrance): number => keys.indexOf(keyOf(door));
  const middle = ({ entrances }: Shown): number =>
    entrances.reduce((sum, one) => sum + place(one), 0) / Math.max(1, entrances.length);
  return all
    .map((one) => ({
      ...one,
      entrances: [...one.entrances].sort((a, b) => place(a) - place(b)),
    }))
    .sort((a, b) => middle(a) - middle(b));
}

const keyOf = ({ from, title, lines }: Door): string => [from, title, ...lines].join("\n");

/** At which heights wires from a door end. */
function tapsOf(door: Door, rows: readonly Row[], tops: readonly number[]): readonly number[] {
  return rows.flatMap(({ joints }, i) =>
    joints.filter((one) => keyOf(one.door) === keyOf(door)).map(({ y }) => (tops[i] ?? 0) + y),
  );
}

interface Columns {
  readonly door: number;
  readonly bus: number;
  readonly name: number;
  readonly app: number;
}

/** Where columns begin, with so many doors; without one there is nobody who could come. */
function columnsOf(doors: number): Columns {
  const door = visitorWidth + gap;
  const bus = door + doorWidth + step;
  const name = bus + doors * step + 4;
  return { door, bus, name, app: doors === 0 ? 0 : name + widths.name + step };
}

/** The wires from a door to all that it leads to: along one line, from which each goes off at a dot. */
function bus(door: Door, from: number, taps: readonly number[], x: Columns): string {
  const all = [from, ...taps];
  return [
    path(door, `M${x.door + doorWidth} ${from}H${x.bus}`),
    path(door, `M${x.bus} ${Math.min(...all)}V${Math.max(...all)}`),
    ...taps.flatMap((y) => [
      path(door, `M${x.bus} ${y}H${x.app}`),
      element("circle", { class: `dot ${door.from}`, cx: x.bus, cy: y, r: 3.5 }),
      element("path", { class: `dot ${door.from}`, d: `M${x.app} ${y}l-8-4.5v9z` }),
    ]),
  ].join("");
}

const path = ({ from }: Door, d: string): string => element("path", { class: `from ${from}`, d });

type Tall = Pick<Box, "height">;

/** How tall boxes are that stand below each other. */
const stacked = (boxes: readonly Tall[]): number =>
  boxes.reduce((sum, { height }) => sum + height, Math.max(0, boxes.length - 1) * drop);

/** Upper edges of boxes below each other that share a height evenly, with half as much room above the first and below the last. */
function spread(boxes: readonly Tall[], height: number): readonly number[] {
  const between = boxes.length < 2 ? 0 : drop;
  const rest = (height - stacked(boxes)) / boxes.length;
  return boxes.map(
    (_, i) =>
      boxes.slice(0, i).reduce((sum, box) => sum + box.height, 0) + i * (between + rest) + rest / 2,
  );
}

/** The height of a door, moved a little where a wire from it would else have a step that nobody can tell from a mistake. */
const straight = (end: number, taps: readonly number[]): number =>
  taps.find((tap) => Math.abs(tap - end) <= drop / 2) ?? end;

const middle = (all: readonly number[]): number => (Math.min(...all) + Math.max(...all)) / 2;

/** Colours of the ways in, and signs that this picture has alone. */
const style = `${fileStyle}
svg .public{color:var(--warning)}
svg .lan{color:var(--ok)}
svg .tailnet{color:var(--link)}
svg .from{fill:none;stroke:currentColor;stroke-width:2;stroke-linejoin:round}
svg .dot{fill:currentColor}
svg .paper{fill:var(--paper)}
svg .store{fill:none;stroke:var(--wire);stroke-width:1.5}
svg .saved{fill:var(--ok);stroke:var(--card)}
`;

function file(
  title: string,
  all: readonly Shown[],
  { width, height }: { readonly width: number; readonly height: number },
  parts: readonly string[],
): string {
  const size = { width: Math.ceil(width) + 2 * margin, height: Math.ceil(height) + 2 * margin };
  const svg = element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      ...size,
      viewBox: `${-margin} ${-margin} ${size.width} ${size.height}`,
      role: "img",
    },
    `\n${element("title", {}, escaped(title))}\n`,
    `${element("desc", {}, escaped(all.map(sentence).join(" ")))}\n`,
    `${element("style", {}, `\n${style}`)}\n`,
    `${element("rect", { class: "paper", x: -margin, y: -margin, ...size, rx: 12 })}\n`,
    ...parts.map((part) => `${part}\n`),
  );
  return `${svg}\n`;
}

/** What the picture shows of an application, for those who do not see it. */
function sentence({ name, entrances, stores }: Shown): string {
  const names = entrances.map(
    ({ host, door, passes }) =>
      `${host} from ${visitors[door.from].title.replace("The", "the")} by ${door.title}${passes === undefined ? "" : ` (${passes})`}`,
  );
  const kept = stores.map(({ what, backup }) =>
    backup === undefined ? what : `${what} (${backup.text})`,
  );
  return `${name}: ${[...names, ...kept].join("; ")}.`;
}
