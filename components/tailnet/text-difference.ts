/** Lines that two texts do not share. */
interface Change {
  readonly mark: "-" | "+";
  readonly line: string;
}

/**
 * The lines that differ, one a line: `- ` for lines of `before` only, `+ ` for lines of `after` only, in their order. At
 * most `limit` of them; a last line says how many more there are. Empty when the texts are the same but for blanks at
 * line ends.
 */
export function textDifference(before: string, after: string, limit = 40): string {
  const changes = lineChanges(lines(before), lines(after));
  const shown = changes.slice(0, limit).map(({ mark, line }) => `${mark} ${line}`);
  const rest = changes.length - shown.length;
  return [...shown, ...(rest > 0 ? [`... and ${rest} more lines`] : [])].join("\n");
}

function lines(text: string): readonly string[] {
  return text
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line !== "");
}

/** By the longest common subsequence; policies have hundreds of lines, not millions. */
function lineChanges(before: readonly string[], after: readonly string[]): readonly Change[] {
  const width = after.length + 1;
  const common = new Uint32Array((before.length + 1) * width);
  const at = (i: number, j: number): number => common[i * width + j] ?? 0;
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      common[i * width + j] =
        before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const changes: Change[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      i += 1;
      j += 1;
    } else if (j >= after.length || (i < before.length && at(i + 1, j) >= at(i, j + 1))) {
      changes.push({ mark: "-", line: before[i++] ?? "" });
    } else {
      changes.push({ mark: "+", line: after[j++] ?? "" });
    }
  }
  return changes;
}
