/** A status as text for a terminal. */
import type { Status } from "../../stacks/status/status.ts";
import { statusTables, type Table } from "../../stacks/status/tables.ts";
import { momentText, type Mood } from "../../stacks/status/words.ts";
import { wrap } from "../doctor/render.ts";

const signs: Readonly<Record<Mood, string>> = {
  ok: "",
  warning: "(!) ",
  error: "(!!) ",
  unknown: "",
};

/** What is wrong first, then a table for each thing that the site has. */
export function statusText(status: Status): string {
  const { site, seen } = status;
  const head =
    seen === undefined
      ? [site]
      : [`${site} at ${momentText(seen.at)}: ${counts(seen.summary)}`, ...findings(status)];
  return `${[...head, ...statusTables(status).map(tableText)].join("\n\n")}\n`;
}

function counts({ error, warning, ok }: NonNullable<Status["seen"]>["summary"]): string {
  return `${error} errors, ${warning} warnings, ${ok} fine`;
}

function findings({ seen }: Status): readonly string[] {
  const all = seen?.findings ?? [];
  if (all.length === 0) return [];
  const lines = all.flatMap(({ severity, subject, text, remedy }) => {
    const [first = "", ...rest] = wrap(`${subject}: ${text}`, 108);
    const more = [...rest, ...(remedy === "" ? [] : wrap(`-> ${remedy}`, 108))];
    return [`${severity.padEnd(9)}${first}`, ...more.map((line) => `${" ".repeat(9)}${line}`)];
  });
  return [lines.join("\n")];
}

/** Columns as wide as what stands in them; `(!)` and `(!!)` mark what a look is due at and what is wrong. */
function tableText({ title, columns, rows, empty }: Table): string {
  if (rows.length === 0) return `${title}: ${empty}`;
  const lines = [
    columns,
    ...rows.map((row) => row.map(({ text, mood = "ok" }) => `${signs[mood]}${text}`)),
  ];
  const used = columns
    .map((_, i) => i)
    .filter((i) => lines.slice(1).some((line) => (line[i] ?? "") !== ""));
  const widths = used.map((i) => Math.max(...lines.map((line) => (line[i] ?? "").length)));
  const body = lines.map((line) =>
    used
      .map((i, at) => (line[i] ?? "").padEnd(widths[at] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return [title, ...body.map((line) => `  ${line}`)].join("\n");
}
