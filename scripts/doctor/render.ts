/** The findings as a table for people. */
import { sorted, summarise, type Finding } from "../../stacks/doctor/finding.ts";

/** Words of a text in lines of at most `width` characters; longer words stand alone. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/**
 * Three columns (severity, subject, what is wrong and below it what to do), errors first, then a line of counts. What
 * is fine is only counted unless `all` is set.
 */
export function render(site: string, findings: readonly Finding[], all: boolean): string {
  const shown = sorted(findings).filter(({ severity }) => all || severity !== "ok");
  const subjects = Math.max(0, ...shown.map(({ subject }) => subject.length));
  const indent = " ".repeat(9 + subjects + 2);
  const rows = shown.map(({ severity, subject, text, remedy }) => {
    const width = Math.max(40, 118 - indent.length);
    const lines = [...wrap(text, width), ...(remedy === "" ? [] : wrap(`-> ${remedy}`, width))];
    return `${severity.padEnd(9)}${subject.padEnd(subjects + 2)}${lines.join(`\n${indent}`)}`;
  });
  const { error, warning, ok } = summarise(findings);
  const counts = `${site}: ${error} errors, ${warning} warnings, ${ok} fine${all ? "" : " (--all shows them)"}`;
  return `${[...rows, counts].join("\n")}\n`;
}
