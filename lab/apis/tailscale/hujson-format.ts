/**
 * HuJSON as Tailscale's server keeps a policy that was posted: what `hujson.Format` makes of it
 * (https://github.com/tailscale/hujson, format.go). The server has done so since May 2022 (tailscale issue 4304).
 */
import { formatExtra, hasComment, lineStats, type LineStats } from "./hujson-extra.ts";
import { readTree, treeText, type Composite, type Node } from "./hujson-tree.ts";

/** Longer lines are expanded. */
const punchCard = 80;

/** The canonical text of a HuJSON text. */
export function formatHujson(text: string): string {
  // A comment ends with its line, and the text with one.
  const root = readTree(Buffer.from(`${text}\n`, "utf8").toString("latin1"));
  const standard = isStandard(root);
  root.before = formatExtra(root.before, 0).replace(/^[ \t\r\n]+/, "");
  normalize(root);
  const expanded = new Set<Composite>();
  expand(root, expanded);
  formatWhitespace(root, 0, expanded, standard);
  align(root);
  root.after = `${formatExtra(root.after ?? "", 0).trimEnd()}\n`;
  return Buffer.from(treeText(root), "latin1").toString("utf8");
}

function isStandard({ before, value, after = "" }: Node): boolean {
  if (hasComment(before) || hasComment(after)) return false;
  if (typeof value === "string") return true;
  return (
    value.nodes.every(isStandard) &&
    value.nodes.at(-1)?.after === undefined &&
    !hasComment(value.after)
  );
}

/** Strings without needless escapes; nothing between a name and its colon, a value and its comma, or inside empty brackets. */
function normalize(node: Node): void {
  const { value } = node;
  if (typeof value === "string") {
    if (value.startsWith('"') && value.includes("\\")) node.value = normalString(value);
    return;
  }
  if (value.nodes.length === 0 && !hasComment(value.after)) value.after = "";
  for (const inner of value.nodes) {
    if (!hasComment(inner.after ?? "")) inner.after = undefined;
    normalize(inner);
  }
}

/** RFC 8785, 3.2.2.2: what JSON.stringify writes as well. */
function normalString(literal: string): string {
  const text = JSON.parse(Buffer.from(literal, "latin1").toString("utf8")) as string;
  return Buffer.from(JSON.stringify(text), "utf8").toString("latin1");
}

/** Notes what is written with a line for each member: what has a line end inside, or is too long for one. */
function expand({ value }: Node, expanded: Set<Composite>): LineStats {
  if (typeof value === "string") {
    return { first: value.length, last: value.length, multiline: false };
  }
  let length = 1;
  const lengths: number[] = [];
  const add = ({ first, last, multiline }: LineStats): void => {
    length += first;
    if (!multiline) return;
    lengths.push(length);
    length = last;
  };
  let wide = value.after.includes("\n") || (value.nodes.at(-1)?.after?.includes("\n") ?? false);
  for (const [index, inner] of value.nodes.entries()) {
    const begins = value.open === "[" || index % 2 === 0;
    wide ||= begins && inner.before.includes("\n");
    add(lineStats(inner.before));
    add(expand(inner, expanded));
    add(lineStats(inner.after ?? ""));
    length += 2;
  }
  lengths.push(length + 1);
  const [first = 0, last = 0] = [lengths[0], lengths.at(-1)];
  if (!wide && lengths.every((line) => line <= punchCard)) {
    return { first, last, multiline: lengths.length > 1 };
  }
  expanded.add(value);
  const lead = lineStats(value.nodes[0]?.before ?? value.after).first;
  return { first: 1 + lead, last: 1, multiline: true };
}

function formatWhitespace(
  { value }: Node,
  depth: number,
  expanded: ReadonlySet<Composite>,
  standard: boolean,
): void {
  if (typeof value === "string") return;
  const wide = expanded.has(value);
  const inside = { removeLeading: true, removeTrailing: true };
  const after = (node: Node): void => {
    if (node.after !== undefined) node.after = formatExtra(node.after, depth + 2, inside);
  };
  for (const [index, node] of value.nodes.entries()) {
    const previous = value.nodes[index - 1];
    const isValue = value.open === "{" && index % 2 === 1;
    if (isValue) {
      node.before = formatExtra(node.before, depth + 2, { ...inside, spaceIfEmpty: true });
    } else {
      node.before = formatExtra(node.before, depth + 1, {
        leadingNewline: wide,
        removeLeading: index === 0,
        spaceIfEmpty: index !== 0,
      });
    }
    const broken =
      isValue && (previous?.after?.includes("\n") === true || node.before.includes("\n"));
    formatWhitespace(node, depth + (wide ? 1 : 0) + (broken ? 1 : 0), expanded, standard);
    after(node);
  }
  value.after = formatExtra(value.after, depth + 1, {
    trailingNewline: wide,
    removeLeading: value.nodes.length === 0,
    removeTrailing: true,
    unindentLast: true,
  });
  trailingComma(value, wide, standard);
}

function trailingComma(value: Composite, wide: boolean, standard: boolean): void {
  const last = value.nodes.at(-1);
  if (last === undefined) return;
  const surrounded = (last.after ?? "") !== "" && value.after !== "";
  if (!wide && !surrounded) {
    value.after = (last.after ?? "") + value.after;
    last.after = undefined;
  } else if (wide && !standard) {
    last.after ??= "";
  }
}

/** Values of neighbouring members that take one line each begin in one column. */
function align({ value }: Node): void {
  if (typeof value === "string") return;
  if (value.open === "{") alignMembers(value.nodes);
  for (const inner of value.nodes) align(inner);
}

function alignMembers(nodes: readonly Node[]): void {
  let rows: { readonly node: Node; readonly length: number }[] = [];
  const flush = (): void => {
    const width = Math.max(0, ...rows.map(({ length }) => length));
    for (const { node, length } of rows) node.before += " ".repeat(width - length);
    rows = [];
  };
  for (let index = 0; index < nodes.length; index += 2) {
    const [name, node] = [nodes[index], nodes[index + 1]];
    if (name === undefined || node === undefined) break;
    const broken = [name.after ?? "", node.before, node.after ?? ""].some((extra) =>
      extra.includes("\n"),
    );
    if (!name.before.includes("\n") || broken || hasNewline(node)) {
      flush();
      continue;
    }
    if (name.before.split("\n").length > 2) flush();
    const text = typeof name.value === "string" ? name.value.length : 0;
    rows.push({ node, length: text + (name.after ?? "").length + 1 + node.before.length });
  }
  flush();
}

function hasNewline({ value }: Node): boolean {
  if (typeof value === "string") return false;
  return value.nodes.some(
    (inner) =>
      inner.before.includes("\n") || (inner.after ?? "").includes("\n") || hasNewline(inner),
  );
}
