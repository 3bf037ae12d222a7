/** Blanks and comments of HuJSON, as `hujson.Format` writes them (https://github.com/tailscale/hujson, format.go). */

/** Lengths of the first and the last line. */
export interface LineStats {
  readonly first: number;
  readonly last: number;
  readonly multiline: boolean;
}

/** How blanks and comments are written at one place. */
export interface ExtraOptions {
  readonly leadingNewline?: boolean;
  readonly trailingNewline?: boolean;
  readonly removeLeading?: boolean;
  readonly removeTrailing?: boolean;
  readonly unindentLast?: boolean;
  readonly spaceIfEmpty?: boolean;
}

const blanks = /^[ \t\r\n]*/;
const comments = /^(?:\/\/[^\n]*(?:\n|$)|\/\*[^]*?\*\/)/;
const blanksAtEnd = /[\t\n\v\f\r ]+$/;

/** Whether there is more than blanks. */
export const hasComment = (extra: string): boolean => extra.replace(blanks, "") !== "";

/** About how long the comments of the first and last line are. */
export function lineStats(extra: string): LineStats {
  if (!extra.includes("\n")) {
    const length = lengthOf(extra);
    return { first: length, last: length, multiline: false };
  }
  const first = lengthOf(extra.slice(0, extra.indexOf("\n")));
  return { first, last: lengthOf(extra.slice(extra.lastIndexOf("\n") + 1)), multiline: true };
}

function lengthOf(line: string): number {
  let rest = line.replace(blanks, "");
  let length = 0;
  while (rest !== "") {
    const block = rest.startsWith("/*") ? comments.exec(rest)?.[0] : undefined;
    // A comment to the end of the line, and a block that the line's end cuts.
    if (block === undefined) return rest.startsWith("/") ? length + 1 + rest.length : length;
    length += 1 + block.length;
    rest = rest.slice(block.length).replace(blanks, "");
  }
  return length > 0 ? length + 1 : 0;
}

/** The blanks and comments of a place, indented by tabs. */
export function formatExtra(extra: string, depth: number, options: ExtraOptions = {}): string {
  const given = extra.replaceAll("\r\n", "\n").replaceAll("\n\r", "\n").replaceAll("\r", " ");
  let out = options.leadingNewline === true && !given.includes("\n") ? "\n" : "";
  out += pieces(given, depth, out);
  if (options.trailingNewline === true && !out.endsWith("\n")) out += "\n";
  if (options.removeLeading === true) out = out.replace(/^\n{2,}/, "\n");
  if (options.removeTrailing === true) out = out.replace(/\n{2,}$/, "\n");
  if (out.endsWith("\n")) {
    out += "\t".repeat(Math.max(0, options.unindentLast === true ? depth - 1 : depth));
  } else if (out !== "") {
    out += " ";
  }
  return options.spaceIfEmpty === true && out === "" ? " " : out;
}

function pieces(given: string, depth: number, begun: string): string {
  let rest = given;
  let out = "";
  while (rest !== "") {
    const blank = blanks.exec(rest)?.[0] ?? "";
    if (blank !== "") {
      // Never more than one empty line.
      out += "\n".repeat(Math.min(2, blank.split("\n").length - 1));
      rest = rest.slice(blank.length);
      continue;
    }
    const comment = comments.exec(rest)?.[0];
    if (comment === undefined) return out;
    out += (begun + out).endsWith("\n") ? "\t".repeat(depth) : " ";
    // The line's end is a blank of its own.
    const ends = comment.startsWith("//") && comment.endsWith("\n");
    rest = rest.slice(ends ? comment.length - 1 : comment.length);
    out +=
      comment.startsWith("//") || !comment.includes("\n")
        ? comment.replace(blanksAtEnd, "")
        : block(comment, depth);
  }
  return out;
}

/** A comment of several lines, with its own indentation beyond what all of its lines share. */
function block(comment: string, depth: number): string {
  const [head = "", ...tail] = comment.split("\n").map((line) => line.replace(blanksAtEnd, ""));
  const hasEmpty = head === "" || tail.includes("");
  let prefix = tail.find((line) => line !== "") ?? "";
  const lines: string[] = [];
  for (const line of tail) {
    if (/^[ \t\r\n]*\*\/$/.test(line)) {
      lines.push(`${blanks.exec(prefix)?.[0] ?? ""}*/`);
      break;
    }
    if (line !== "") prefix = shared(line, prefix);
    lines.push(line);
  }
  const width = blanks.exec(prefix)?.[0].length ?? 0;
  const star = !hasEmpty && prefix[width] === "*";
  const indented = lines.map((line) =>
    line === "" ? "" : "\t".repeat(depth) + (star ? " " : "") + line.slice(width),
  );
  return [head, ...indented].join("\n").replace(/\n+$/, "");
}

/** Only a prefix is cut at the first difference; a shorter line leaves a longer prefix as it is. */
function shared(line: string, prefix: string): string {
  for (let index = 0; index < line.length && index < prefix.length; index += 1) {
    if (line[index] !== prefix[index]) return prefix.slice(0, index);
  }
  return prefix;
}
