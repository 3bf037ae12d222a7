/**
 * The value of a HuJSON text: JSON with `//` and `/* *\/` comments and trailing commas
 * (https://github.com/tailscale/hujson). Throws SyntaxError when the rest is no JSON.
 */
export function parseHuJson(text: string): unknown {
  return JSON.parse(standardJson(text));
}

/** A string, a comment, or a comma that only blanks and comments part from the bracket that follows it. */
const pieces =
  /"(?:[^"\\]|\\.)*"|\/\/[^\n]*|\/\*[\s\S]*?\*\/|,(?=(?:\s|\/\/[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*[\]}])/g;

/** The text without comments and trailing commas; what is inside strings stays. */
function standardJson(text: string): string {
  return text.replace(pieces, (piece) => (piece.startsWith('"') ? piece : " "));
}
