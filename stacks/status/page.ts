/** A status as a page: one file of HTML without a script, which asks nobody for anything. */
import type { Finding } from "../doctor/finding.ts";
import { element, escaped } from "./markup.ts";
import { pictureSizes } from "./picture-size.ts";
import { picture } from "./picture.ts";
import type { Seen, Status } from "./status.ts";
import { style } from "./style.ts";
import { statusTables, type Table } from "./tables.ts";
import { momentText, type Cell, type Mood } from "./words.ts";

/** The page of a site; `made` says in a sentence who made it. */
export function statusPage(status: Status, made: string): string {
  const { site, domain, seen } = status;
  const title = `Status of ${site}`;
  const head = element(
    "head",
    {},
    '<meta charset="utf-8" />',
    '<meta name="viewport" content="width=device-width, initial-scale=1" />',
    '<meta name="robots" content="noindex" />',
    element("title", {}, escaped(title)),
    element("style", {}, style),
  );
  const body = element(
    "body",
    {},
    element(
      "header",
      {},
      element("h1", {}, escaped(title)),
      ...when(domain, seen),
      element("p", { class: "soft" }, escaped(made)),
    ),
    element(
      "main",
      {},
      ...(seen === undefined ? [] : findings(seen.findings)),
      ...topology(status),
      ...statusTables(status).flatMap(table),
    ),
  );
  return `<!doctype html>\n${element("html", { lang: "en" }, head, body)}\n`;
}

const signs: Readonly<Record<Mood, string>> = { ok: "✓", warning: "▲", error: "◆", unknown: "○" };

const sign = (mood: Mood): string =>
  element("span", { class: "sign", "aria-hidden": "true" }, signs[mood]);

function when(domain: string, seen: Seen | undefined): readonly string[] {
  if (seen === undefined) return [element("p", { class: "soft" }, escaped(domain))];
  const { error, warning, ok } = seen.summary;
  const count = (mood: Mood, text: string): string =>
    element("li", { class: `is-${mood}` }, sign(mood), text);
  return [
    element("p", { class: "soft" }, escaped(`${domain}, looked at on ${momentText(seen.at)}`)),
    element(
      "ul",
      { class: "counts" },
      ...(error === 0 ? [] : [count("error", error === 1 ? "1 error" : `${error} errors`)]),
      ...(warning === 0
        ? []
        : [count("warning", warning === 1 ? "1 warning" : `${warning} warnings`)]),
      count("ok", `${ok} fine`),
    ),
  ];
}

function findings(all: readonly Finding[]): readonly string[] {
  if (all.length === 0) return [];
  const items = all.map(({ severity, subject, text, remedy }) =>
    element(
      "li",
      { class: `is-${severity}` },
      element(
        "p",
        {},
        sign(severity),
        element("strong", {}, escaped(subject)),
        escaped(`: ${text}`),
      ),
      ...(remedy === "" ? [] : [element("p", { class: "soft" }, escaped(remedy))]),
    ),
  );
  return [element("h2", {}, "What is wrong"), element("ul", { class: "findings" }, ...items)];
}

/** For each width one that can be read there; the other is not shown. */
function topology(status: Status): readonly string[] {
  return [
    element("h2", {}, "Topology"),
    ...(["laptop", "phone"] as const).map((size) =>
      element("div", { class: size }, picture(status, pictureSizes[size])),
    ),
  ];
}

function table({ title, columns, rows, empty, mood = "unknown" }: Table): readonly string[] {
  const heading = element("h2", {}, escaped(title));
  if (rows.length === 0)
    return [heading, element("p", { class: `is-${mood}` }, sign(mood), escaped(empty))];
  const shown = columns.map((_, i) => i).filter((i) => rows.some((row) => row[i]?.text !== ""));
  const heads = shown.map((i) => element("th", { scope: "col" }, escaped(columns[i] ?? "")));
  const body = rows.map((row) =>
    element("tr", {}, ...shown.map((i) => cell(columns[i] ?? "", row[i] ?? { text: "" }))),
  );
  return [
    heading,
    element(
      "table",
      {},
      element("thead", {}, element("tr", {}, ...heads)),
      element("tbody", {}, ...body),
    ),
  ];
}

function cell(column: string, { text, mood, link }: Cell): string {
  const said = link === undefined ? escaped(text) : element("a", { href: link }, escaped(text));
  const marked = mood === undefined ? said : element("span", { class: "marked" }, sign(mood), said);
  return element(
    "td",
    { "data-label": column, class: mood === undefined ? undefined : `is-${mood}` },
    text === "" ? "" : marked,
  );
}
