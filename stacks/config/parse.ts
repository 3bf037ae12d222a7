import type { z } from "zod";
import { Derivation } from "./derivation.ts";
import type { Problem } from "../../components/problem.ts";
import { configPath } from "./problem.ts";
import { twoReadings } from "./readings.ts";

/** The outcome of reading a stack's config: a site, or every reason why it is none. */
export type Parsed<Config> =
  | { readonly config: Config; readonly problems: readonly [] }
  | { readonly config?: undefined; readonly problems: readonly Problem[] };

/** What a stack's config is read by. */
export interface ConfigRules<Schema extends z.ZodObject, Config> {
  /** The namespace `homelab:`, key by key. */
  readonly schema: Schema;
  /** Fills in what was not written. */
  readonly derive: (written: z.infer<Schema>, derivation: Derivation) => Config;
  /** Rules that span more than one value; empty when all hold. */
  readonly check: (config: Config, stack: string) => readonly Problem[];
}

/**
 * Reads a stack's config. `raw` holds the engine's values by full key, as `homelab:site`, structured ones as JSON.
 * Keys of other namespaces are left alone: `pulumi:tags`, and `secrets:NAME`, which `config:NAME` refers to. `stack` is the
 * site's name. Rules that span more than one value are tried on those that could be read, too. Never throws.
 */
export function parseConfig<Schema extends z.ZodObject, Config>(
  { schema, derive, check }: ConfigRules<Schema, Config>,
  raw: Readonly<Record<string, string>>,
  stack: string,
): Parsed<Config> {
  const problems: Problem[] = [];
  const values: Record<string, unknown> = {};
  for (const [key, text] of Object.entries(raw)) {
    const [namespace, name] = split(key);
    if (namespace !== "homelab") continue;
    if (!Object.hasOwn(schema.shape, name)) {
      values[name] = text;
      problems.push({
        path: key,
        text: `unknown key; known are ${Object.keys(schema.shape).join(", ")}`,
      });
      continue;
    }
    try {
      values[name] = JSON.parse(text);
    } catch {
      values[name] = text;
      problems.push({ path: key, text: "is plain text; write a structure in YAML below the key" });
    }
  }
  const complete = (written: z.infer<Schema>): { config: Config; found: readonly Problem[] } => {
    const derivation = new Derivation(stack);
    const config = derive(written, derivation);
    const crossed = check(config, stack).map((problem) => derivation.explain(problem));
    return { config, found: [...derivation.problems, ...crossed] };
  };
  const parsed = schema.safeParse(values, { reportInput: true });
  if (parsed.success) {
    const { config, found } = complete(parsed.data);
    return found.length > 0 ? { problems: found } : { config, problems: [] };
  }
  const unread = new Set(problems.map((problem) => problem.path));
  problems.push(
    ...parsed.error.issues.flatMap(describeIssue).filter((problem) => !unread.has(problem.path)),
  );
  const readings = twoReadings(schema, values) ?? [];
  const [one = [], other = []] = readings.map((reading) => complete(reading).found);
  return { problems: [...problems, ...inBoth(one, other).filter(outside(problems))] };
}

/** What is wrong whichever way the values are filled in that could not be read. */
function inBoth(one: readonly Problem[], other: readonly Problem[]): readonly Problem[] {
  return one.filter((problem) =>
    other.some(({ path, text }) => path === problem.path && text === problem.text),
  );
}

/** Whether a problem is of a value that was read. */
function outside(unread: readonly Problem[]): (problem: Problem) => boolean {
  return ({ path }) =>
    !unread.some(
      (one) => path.startsWith(one.path) && /^($|[.[])/.test(path.slice(one.path.length)),
    );
}

function split(key: string): [string, string] {
  const colon = key.indexOf(":");
  return [key.slice(0, colon), key.slice(colon + 1).replace(/^config:/, "")];
}

function describeIssue(issue: z.core.$ZodIssue): Problem[] {
  // Of a record's key the inner issue says what it must be.
  if (issue.code === "invalid_key") {
    const text = issue.issues.map(({ message }) => message).join("; ");
    return [{ path: configPath(issue.path), text }];
  }
  if (issue.code !== "unrecognized_keys")
    return [{ path: configPath(issue.path), text: describeValue(issue) }];
  return issue.keys.map((key) => ({
    path: configPath([...issue.path, key]),
    text: "unknown key; look for a misspelling or a wrong indent",
  }));
}

function describeValue(issue: z.core.$ZodIssue): string {
  const text = issue.message.replace(/^Invalid input: /, "").replace(/, received undefined$/, "");
  return issue.input === undefined ? `is missing; ${text}` : text;
}
