import { stringify } from "yaml";
import type { JsonSchema } from "./json-schema.ts";

/** What stands where a value has to be written. */
export const required = "REQUIRED";

/**
 * A site file with every key that there is, from its JSON schema: each with its line, and with `REQUIRED` and an example or
 * with its default. What may be left out is behind a `#` without a space, a block of it with one `#` on every line.
 * Throws when a value has neither default nor example.
 */
export function sampleFile(schema: JsonSchema): string {
  const config = schema.properties?.["config"];
  if (config === undefined) throw new Error("the schema has no config");
  const sections = Object.entries(config.properties ?? {}).map(([key, part]) =>
    entry(key, part, config.required?.includes(key) ?? false),
  );
  return `# yaml-language-server: $schema=./stacks/site.schema.json
#
# A site file with every key that there is, made from the schema by \`npm run schema\`: it is read, not run. Copy it to
# Pulumi.SITE.yaml, write a value in place of each ${required}, and delete what you leave as it is; or let
# \`npm run new-site\` write the file that is enough to begin with. "#key" may be left out and shows what then counts, or an
# example; to change a block, take the first # of each of its lines away. No secret stands here: docs/secrets.md.
config:
${sections.map((lines) => indented(lines).join("\n")).join("\n\n")}
`;
}

/** Lines of a key: what it means, then the key with its value. */
function entry(key: string, schema: JsonSchema, need: boolean, active = need): readonly string[] {
  const lines = value(key, schema, need);
  const about = prose(schema.description);
  return [...about, ...(active ? lines : lines.map((line) => `#${line}`))];
}

function value(key: string, schema: JsonSchema, need: boolean): readonly string[] {
  if (schema.properties !== undefined) return [`${key}:`, ...indented(fields(schema, need))];
  if (schema.items?.properties !== undefined)
    return [`${key}:`, ...indented(item(fields(neededFirst(schema.items), true)))];
  const named = schema.additionalProperties;
  if (typeof named === "object" && named.properties !== undefined) {
    const inner = [`${nameIn(key, schema)}:`, ...indented(fields(named, false))];
    return [`${key}:`, ...indented(inner)];
  }
  return leaf(key, schema, need);
}

function fields(schema: JsonSchema, need: boolean): readonly string[] {
  const { properties = {}, required: needed = [] } = schema;
  return Object.entries(properties).flatMap(([key, part]) => {
    const must = needed.includes(key) || part.shown === true;
    // A block of nothing but commented keys would be no block once its own # are gone.
    const active = must || (!need && needed.length === 0 && part.default !== undefined);
    return entry(key, part, must, active);
  });
}

function leaf(key: string, schema: JsonSchema, need: boolean): readonly string[] {
  const { default: usual, examples } = schema as { default?: unknown; examples?: unknown[] };
  const example = examples?.[0];
  if (usual === undefined && example === undefined)
    throw new Error(`${key} (${schema.description ?? "?"}) has neither a default nor an example`);
  if (need) return [`${key}: ${required} # for example ${flow(example ?? usual)}`];
  if (typeof example === "object" && example !== null && !Array.isArray(example))
    return [`${key}:`, ...indented(stringify(example).trimEnd().split("\n"))];
  if (typeof example === "string" && example.includes("\n"))
    return [`${key}: |`, ...indented(example.trimEnd().split("\n"))];
  const aside = usual !== undefined && example !== undefined && flow(usual) !== flow(example);
  return [`${key}: ${flow(usual ?? example)}${aside ? ` # for example ${flow(example)}` : ""}`];
}

/** What an entry of a map may be called. */
function nameIn(key: string, { propertyNames }: JsonSchema): string {
  const [example] = (propertyNames as { examples?: readonly string[] } | undefined)?.examples ?? [];
  if (example === undefined) throw new Error(`the names in ${key} have no example`);
  return example;
}

/** An object whose list entry can begin with a key that is always there. */
function neededFirst(schema: JsonSchema): JsonSchema {
  const { properties = {}, required: needed = [] } = schema;
  const entries = Object.entries(properties);
  const must = entries.filter(([key]) => needed.includes(key));
  const may = entries.filter(([key]) => !needed.includes(key));
  return { ...schema, properties: Object.fromEntries([...must, ...may]) };
}

/** The lines of an object as an entry of a list. */
function item(lines: readonly string[]): readonly string[] {
  const active = lines.findIndex((line) => !line.startsWith("#"));
  // Where every key may be left out, the entry begins with the first one, behind its #.
  const first = active === -1 ? lines.findIndex((line) => /^#\S/.test(line)) : active;
  return lines.map((line, i) =>
    i < first ? line : i > first ? `  ${line}` : line.replace(/^#?/, (hash) => `${hash}- `),
  );
}

function flow(content: unknown): string {
  return stringify(content, {
    collectionStyle: "flow",
    flowCollectionPadding: false,
    lineWidth: 0,
  }).trimEnd();
}

function indented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`);
}

/** A description as comment lines of at most 110 columns. */
function prose(text = ""): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length > 108) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return text === "" ? [] : lines.map((line) => `# ${line}`);
}
