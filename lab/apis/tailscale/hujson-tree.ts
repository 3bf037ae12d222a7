/**
 * A HuJSON text with its blanks and comments, as https://github.com/tailscale/hujson keeps it (types.go, parse.go). All
 * texts hold one character a byte of UTF-8, so that lengths are the real program's.
 */
export interface Node {
  before: string;
  value: string | Composite;
  /** Undefined where nothing may follow: behind a composite's last value without a comma. */
  after: string | undefined;
}

/** An object or an array. */
export interface Composite {
  readonly open: "{" | "[";
  readonly close: "}" | "]";
  /** An object's names and values take turns. */
  readonly nodes: Node[];
  /** Before the closing bracket. */
  after: string;
}

const extras = /(?:[ \t\r\n]+|\/\/[^\n]*(?:\n|$)|\/\*[^]*?\*\/)*/y;
const literals = /"(?:[^"\\]|\\[^])*"|[-+.a-zA-Z0-9]+/y;

/** Reads a text that is HuJSON; others give no sensible tree. */
export function readTree(text: string): Node {
  let offset = 0;
  const take = (pattern: RegExp): string => {
    pattern.lastIndex = offset;
    const found = pattern.exec(text)?.[0] ?? "";
    offset += found.length;
    return found;
  };
  const accept = (mark: string): boolean => {
    if (text[offset] !== mark) return false;
    offset += 1;
    return true;
  };
  const composite = (open: "{" | "[", close: "}" | "]"): Composite => {
    const nodes: Node[] = [];
    const comma = open === "{" ? [":", ","] : [","];
    for (;;) {
      const before = take(extras);
      if (accept(close)) return { open, close, nodes, after: before };
      const node = trailed(before);
      nodes.push(node);
      if (accept(comma[(nodes.length - 1) % comma.length] ?? ",")) continue;
      offset += close.length;
      const after = node.after ?? "";
      node.after = undefined;
      return { open, close, nodes, after };
    }
  };
  const trailed = (before: string): Node => {
    const value = accept("{")
      ? composite("{", "}")
      : accept("[")
        ? composite("[", "]")
        : take(literals);
    return { before, value, after: take(extras) };
  };
  return trailed(take(extras));
}

/** The text of a tree. */
export function treeText({ before, value, after = "" }: Node): string {
  if (typeof value === "string") return before + value + after;
  const last = value.nodes.length - 1;
  const inner = value.nodes.map((node, index) => {
    const isName = value.open === "{" && index % 2 === 0;
    const mark = isName ? ":" : index < last || node.after !== undefined ? "," : "";
    return treeText(node) + mark;
  });
  return before + value.open + inner.join("") + value.after + value.close + after;
}
