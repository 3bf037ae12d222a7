import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Runs promtool in a folder with these files, as JSON, which is YAML too. Throws with what it says. */
export function promtool(files: Readonly<Record<string, unknown>>, ...args: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), "promtool-"));
  try {
    for (const [name, content] of Object.entries(files))
      writeFileSync(join(folder, name), JSON.stringify(content));
    return execFileSync("promtool", args, { cwd: folder, encoding: "utf8", stdio: "pipe" });
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new Error(`promtool ${args.join(" ")}:\n${stdout}${stderr}`, { cause: error });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What is between a query's metrics: labels, ranges, functions, operators and their lists of labels. */
const around: readonly RegExp[] = [
  /"[^"]*"/g,
  /\{[^}]*\}/g,
  /\[[^\]]*\]/g,
  /\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g,
  /\boffset\s+\w+/g,
  /\b[a-z_]+\s*(?=\()/g,
  /\b(and|or|unless|bool|by|without|on|ignoring|group_left|group_right)\b/g,
];

/** Names of the metrics that a query asks for. */
export function metricsOf(query: string): readonly string[] {
  const rest = around.reduce((text, pattern) => text.replaceAll(pattern, " "), query);
  return [...new Set(rest.match(/[a-zA-Z_:][\w:]*/g) ?? [])];
}
