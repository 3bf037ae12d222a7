/** A row of the picture: the names of an application, itself, and its stores. */
import { fitting, label, lineHeight, textBox } from "../status/boxes.ts";
import { element } from "../status/markup.ts";
import type { Door, Entrance, Shown, ShownStore } from "./shown.ts";

/** Widths of the row's columns; `gap` is between an application and its stores. */
export const widths = { name: 222, app: 204, gap: 24, store: 248 } as const;

/** Where the row's columns begin. */
export interface RowColumns {
  readonly name: number;
  readonly app: number;
}

export interface Row {
  readonly height: number;
  /** Where wires from doors end at the application: how far below the row's upper edge. */
  readonly joints: readonly { readonly door: Door; readonly y: number }[];
  draw(columns: RowColumns, y: number): string;
}

const padding = 9;
/** A name stands on its wire, and below it who passes. */
const wireAt = lineHeight;
const storeHeight = 22;

/** The row of an application. */
export function row({ name, about, entrances, stores }: Shown): Row {
  const text = textBox(widths.app - 2 * padding, { title: name, lines: [about] });
  const blocks = entrances.map((one) => entranceBlock(one));
  const names = blocks.reduce((sum, block) => sum + block.height, 0);
  const kept = stores.length * storeHeight;
  const height = Math.max(text.height + 2 * padding - 4, names, kept);
  const tops = blocks.map((_, i) =>
    blocks.slice(0, i).reduce((sum, one) => sum + one.height, (height - names) / 2),
  );
  return {
    height,
    joints: entrances.map(({ door }, i) => ({ door, y: (tops[i] ?? 0) + (blocks[i]?.joint ?? 0) })),
    draw(x, y) {
      const frame = { class: "card", x: x.app, y, width: widths.app, height, rx: 8 };
      const right = x.app + widths.app;
      return [
        ...blocks.map((block, i) => block.draw(x.name, y + (tops[i] ?? 0))),
        element("rect", frame),
        text.draw(x.app + padding, y + (height - text.height) / 2),
        ...stores.map((one, i) =>
          storeLine(one, right, y + (height - kept) / 2 + (i + 0.5) * storeHeight),
        ),
      ].join("");
    },
  };
}

function entranceBlock({ host, passes }: Entrance) {
  const hosts = fitting("title", host, widths.name);
  const below = passes === undefined ? [] : fitting("line", passes, widths.name);
  const above = (hosts.length - 1) * lineHeight;
  return {
    joint: above + wireAt,
    height: above + wireAt + 8 + below.length * lineHeight,
    draw: (x: number, y: number): string =>
      [
        ...hosts.map((line, i) => label(x, y + 12 + i * lineHeight, "title", line)),
        ...below.map((line, i) => label(x, y + above + wireAt + 15 + i * lineHeight, "line", line)),
      ].join(""),
  };
}

/** A store at the right edge of its application; its sign is full where there is a backup. */
function storeLine({ what, backup }: ShownStore, right: number, y: number): string {
  const x = right + widths.gap;
  const kind = backup?.made === true ? "store saved" : "store";
  const text = backup === undefined ? what : `${what}, ${backup.text}`;
  return [
    element("path", { class: "wire", d: `M${right} ${y}H${x}` }),
    element("path", {
      class: kind,
      d: `M${x} ${y - 4.5}v9a6 2.5 0 0 0 12 0v-9a6 2.5 0 0 0-12 0a6 2.5 0 0 0 12 0`,
    }),
    label(x + 20, y + 4.5, "line", text),
  ].join("");
}
