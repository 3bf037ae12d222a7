/** Boxes of a picture in SVG: each knows its size, and draws itself where it is put. Lengths are in pixels at full size. */
import { element, escaped } from "./markup.ts";
import type { Mood } from "./words.ts";

export interface Box {
  readonly width: number;
  readonly height: number;
  /** Markup with its upper left corner at a point. */
  draw(x: number, y: number): string;
}

/** What a card says: a title, lines below it, and how it is. */
export interface CardText {
  readonly title: string;
  readonly lines: readonly string[];
  /** Stands last, with a sign of its mood. */
  readonly state?: { readonly text: string; readonly mood: Mood };
}

const padding = 12;
export const lineHeight = 18;

/** Size of letters; a letter of a system font is at most this wide on average. */
const letters = { title: { size: 14, width: 8.2 }, line: { size: 12.5, width: 6.9 } } as const;

/** A title with lines below it and how it is; what is too long for a line goes on in the next. */
export function textBox(width: number, { title, lines, state }: CardText): Box {
  const heads = fitting("title", title, width);
  const rest = lines.flatMap((line) => fitting("line", line, width));
  const states = state === undefined ? [] : fitting("line", state.text, width - 16);
  return {
    width,
    height: (heads.length + rest.length + states.length) * lineHeight,
    draw(x, y) {
      const base = (i: number): number => y + 11 + i * lineHeight;
      const after = heads.length + rest.length;
      return [
        ...heads.map((line, i) => label(x, base(i), "title", line)),
        ...rest.map((line, i) => label(x, base(heads.length + i), "line", line)),
        ...states.map((line, i) => label(x + 16, base(after + i), "line", line)),
        ...(state === undefined ? [] : [sign(x + 5, base(after) - 4, state.mood)]),
      ].join("");
    },
  };
}

/** A text in a frame. `inner` are boxes below the text. */
export function card(
  width: number,
  text: CardText,
  {
    kind = "card",
    inner,
  }: { readonly kind?: string; readonly inner?: (width: number) => Box } = {},
): Box {
  const room = width - 2 * padding;
  const inside = inner?.(room);
  const content = column([textBox(room, text), ...(inside === undefined ? [] : [inside])], 4);
  const height = content.height + 2 * padding - 4;
  return {
    width,
    height,
    draw: (x, y) =>
      element("rect", { class: kind, x, y, width, height, rx: 8 }) +
      content.draw(x + padding, y + padding),
  };
}

/** Boxes below each other, as wide as the widest. */
export function column(boxes: readonly Box[], gap: number): Box {
  return {
    width: Math.max(0, ...boxes.map(({ width }) => width)),
    height:
      boxes.reduce((sum, { height }) => sum + height, 0) + gap * Math.max(0, boxes.length - 1),
    draw(x, y) {
      let next = y;
      return boxes
        .map((box) => {
          const drawn = box.draw(x, next);
          next += box.height + gap;
          return drawn;
        })
        .join("");
    },
  };
}

/** A text in lines that fit a width. */
export const fitting = (
  kind: keyof typeof letters,
  text: string,
  width: number,
): readonly string[] => broken(text, Math.floor(width / letters[kind].width));

/** Text at a point of its base line. */
export function label(x: number, y: number, kind: keyof typeof letters, text: string): string {
  return element("text", { class: kind, x, y, "font-size": letters[kind].size }, escaped(text));
}

/** A line through points. */
export function wire(points: readonly (readonly [x: number, y: number])[], kind = "wire"): string {
  return element("polyline", {
    class: kind,
    points: points.map(([x, y]) => `${round(x)},${round(y)}`).join(" "),
  });
}

/** The sign of a mood, told by its shape and not by its colour alone. */
function sign(x: number, y: number, mood: Mood): string {
  const around = (points: readonly (readonly [number, number])[]): string =>
    element("polygon", {
      class: mood,
      points: points.map(([dx, dy]) => `${round(x + dx)},${round(y + dy)}`).join(" "),
    });
  switch (mood) {
    case "ok":
      return element("circle", { class: mood, cx: x, cy: y, r: 4.5 });
    case "warning":
      return around([
        [0, -5],
        [5.5, 4.5],
        [-5.5, 4.5],
      ]);
    case "error":
      return around([
        [0, -6],
        [6, 0],
        [0, 6],
        [-6, 0],
      ]);
    case "unknown":
      return element("circle", { class: mood, cx: x, cy: y, r: 4 });
  }
}

const round = (value: number): number => Math.round(value * 10) / 10;

/** A text in lines of at most so many characters, broken at blanks, and inside of a word only where it is longer than a line. */
export function broken(text: string, most: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ").flatMap((each) => pieces(each, most))) {
    if (line !== "" && line.length + 1 + word.length > most) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

function pieces(word: string, most: number): readonly string[] {
  if (word.length <= most) return [word];
  const cut =
    Math.max(word.lastIndexOf("-", most - 1), word.lastIndexOf(".", most - 1)) + 1 || most;
  return [word.slice(0, cut), ...pieces(word.slice(cut), most)];
}
