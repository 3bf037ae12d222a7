/** What the benchmarks measure, held against its limits, and how people and programs read it. */

/** One figure of a run. Figures with a limit are ratios, rates or sizes that must hold on any machine. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  /** `x` for a ratio, else the value's unit. */
  readonly unit: string;
  /** The value must not be above `atMost`, or not below `atLeast`; a figure without either only informs. */
  readonly limit?: { readonly atMost: number } | { readonly atLeast: number };
  /** What the value was made of. */
  readonly detail?: string;
}

export interface Verdict extends Figure {
  readonly holds: boolean;
}

/** Holds a figure against its limit; what is no number holds against none. */
export function judge(figure: Figure): Verdict {
  const { value, limit } = figure;
  if (!Number.isFinite(value)) return { ...figure, holds: false };
  if (limit === undefined) return { ...figure, holds: true };
  return {
    ...figure,
    holds: "atMost" in limit ? value <= limit.atMost : value >= limit.atLeast,
  };
}

/** Middle of the values; the mean of the two middle ones when their count is even. NaN without any. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
}

/** The verdicts as a table. */
export function verdictTable(verdicts: readonly Verdict[]): string {
  return table(
    ["Figure", "Value", "Limit", "Verdict", "Made of"],
    verdicts.map(({ name, value, unit, limit, holds, detail }) => [
      name,
      `${shown(value)} ${unit}`,
      limitText(limit, unit),
      limit === undefined ? "" : holds ? "holds" : "FAILS",
      detail ?? "",
    ]),
  );
}

/** Columns as wide as their longest cell. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows];
  const widths = head.map((_, column) =>
    Math.max(...lines.map((line) => (line[column] ?? "").length)),
  );
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("   ")
        .trimEnd(),
    )
    .join("\n");
}

function limitText(limit: Figure["limit"], unit: string): string {
  if (limit === undefined) return "";
  return "atMost" in limit ? `<= ${limit.atMost} ${unit}` : `>= ${limit.atLeast} ${unit}`;
}

function shown(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}
