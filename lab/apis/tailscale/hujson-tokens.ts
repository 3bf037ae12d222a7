/** A text that is not HuJSON. */
export class HujsonError extends Error {
  /** `reason` continues `hujson: line 3, column 7: `; both count from 1. */
  constructor(text: string, offset: number, reason: string) {
    const before = text.slice(0, offset);
    const line = before.split("\n").length;
    const column = offset - before.lastIndexOf("\n");
    super(`hujson: line ${line}, column ${column}: ${reason}`);
    this.name = "HujsonError";
  }
}

/** A piece of a HuJSON text; `offset` is where it begins. */
export type Token = { readonly offset: number } & (
  | { readonly kind: "punctuation"; readonly text: string }
  | { readonly kind: "scalar"; readonly value: string | number | boolean | null }
  | { readonly kind: "end" }
);

// Every pattern is sticky: it matches at the place where the reader is, or not at all.
const blank = /[ \t\r\n]+/y;
const lineComment = /\/\/[^\n]*/y;
const blockComment = /\/\*[^]*?\*\//y;
const punctuation = /[{}[\]:,]/y;
const scalars = [
  /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y,
  /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![0-9A-Za-z.])/y,
  /(?:true|false|null)(?![0-9A-Za-z])/y,
];

/**
 * Cuts a HuJSON text into tokens; comments and blanks are left out.
 * HuJSON is JSON with `//` and `/*` comments and trailing commas
 * (https://github.com/tailscale/hujson).
 * @throws HujsonError at the first character that begins nothing.
 */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let offset = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = offset;
    return pattern.exec(text)?.[0];
  };
  while (offset < text.length) {
    const skipped = take(blank) ?? take(lineComment) ?? take(blockComment);
    if (skipped !== undefined) {
      offset += skipped.length;
      continue;
    }
    const mark = take(punctuation);
    const scalar = mark === undefined ? firstMatch(scalars, take) : undefined;
    const found = mark ?? scalar;
    if (found === undefined) throw new HujsonError(text, offset, complaintAt(text, offset));
    tokens.push(
      mark === undefined
        ? { kind: "scalar", value: JSON.parse(found) as string | number | boolean | null, offset }
        : { kind: "punctuation", text: mark, offset },
    );
    offset += found.length;
  }
  return [...tokens, { kind: "end", offset }];
}

function firstMatch(
  patterns: readonly RegExp[],
  take: (pattern: RegExp) => string | undefined,
): string | undefined {
  for (const pattern of patterns) {
    const found = take(pattern);
    if (found !== undefined) return found;
  }
  return undefined;
}

function complaintAt(text: string, offset: number): string {
  const rest = text.slice(offset);
  if (rest.startsWith("/*")) return "this comment is not closed with */";
  if (rest.startsWith('"')) return "this string is not closed, or holds an invalid escape";
  return `invalid character ${JSON.stringify([...rest][0])}`;
}
