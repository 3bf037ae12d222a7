/**
 * The value of a HuJSON text: JSON with `//` and `/* *\/` comments and trailing commas
 * (https://github.com/tailscale/hujson). Throws SyntaxError when the rest is no JSON.
 */
export function parseHuJson(text: string): unknown {
  return JSON.parse(text.replace(pieces, (piece) => (piece.startsWith('"') ? piece : " ")));
}

/** The comments of a HuJSON text in their order, each without blanks at the ends of its lines. */
export function commentsOf(text: string): readonly string[] {
  const found = text.match(pieces) ?? [];
  return found
    .filter((piece) => piece.startsWith("/"))
    .map((piece) =>
      piece
        .split("\n")
        .map((line) => line.trim())
        .join("\n"),
    );
}

/** A string, a comment, or a comma that only blanks and comments part from the bracket that follows it. */
const pieces =
  /"(?:[^"\\]|\\.)*"|\/\/[^\n]*|\/\*[\s\S]*?\*\/|,(?=(?:\s|\/\/[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*[\]}])/g;
