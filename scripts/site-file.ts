import { readFileSync } from "node:fs";
import { parse } from "yaml";

/** A stack's config file as the engine hands it to the program: values by full key, structures as JSON. */
export function siteFile(path: string | URL): Record<string, string> {
  return siteValues(readFileSync(path, "utf8"));
}

/** The same of a file's text. */
export function siteValues(text: string): Record<string, string> {
  const { config = {} } = (parse(text) ?? {}) as { config?: Record<string, unknown> };
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      key,
      typeof value === "string" ? value : JSON.stringify(value, sorted),
    ]),
  );
}

/**
 * The keys of an object by name, as Go writes a map (encoding/json): what the program makes a list of, such as a pod's variables,
 * would have another order here else, and whoever compares the two would see a change.
 */
function sorted(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
