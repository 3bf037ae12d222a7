import { secretRefPattern } from "../../components/security/secret-ref.ts";
import type { JsonSchema } from "./json-schema.ts";

/** The reference page of a site's config, in Markdown, from its JSON schema. */
export function configPages(schema: JsonSchema): string {
  const config = schema.properties?.["config"];
  if (config === undefined) throw new Error("the schema has no config");
  const sections = Object.entries(config.properties ?? {}).map(([key, part]) =>
    section(key, part, config),
  );
  return `# Config of a site

One file per stack, \`Pulumi.STACK.yaml\`; the stack's name is the site's name. This page is made from
\`stacks/schema.ts\` by \`node scripts/schema.ts --write\`. An unknown key is an error. After each value is read on its own,
all of them are checked together; every problem is reported at once, before anything is touched.

${sections.join("\n\n")}
`;
}

function section(key: string, schema: JsonSchema, config: JsonSchema): string {
  const need = config.required?.includes(key) ? "required" : "optional";
  return `## \`${key}\`\n\n${schema.description ?? ""} (${need}).\n\n${table(rows("", schema, new Map()))}`;
}

interface Row {
  readonly path: string;
  readonly type: string;
  readonly fallback: string;
  readonly text: string;
}

/** Where parts with keys of their own were shown first, by what they are. */
type Shown = Map<string, string>;

function rows(prefix: string, schema: JsonSchema, shown: Shown): readonly Row[] {
  if (schema.items !== undefined) {
    const inner = schema.items;
    return inner.properties === undefined
      ? [row(`${prefix}[]`, inner, true)]
      : rows(`${prefix}[]`, inner, shown);
  }
  return Object.entries(schema.properties ?? {}).flatMap(([key, part]) => {
    const path = prefix === "" ? key : `${prefix}.${key}`;
    const own = row(path, part, schema.required?.includes(key) ?? false);
    // What it means and its default stand in its own row.
    const keys = JSON.stringify({ ...part, description: undefined, default: undefined });
    const before = shown.get(keys);
    if (before !== undefined) return [{ ...own, text: `${own.text}; keys as of \`${before}\`` }];
    const open =
      typeof part.additionalProperties === "object"
        ? rows(`${path}.NAME`, part.additionalProperties, shown)
        : [];
    const inner = [
      ...(part.items?.properties === undefined && part.items !== undefined
        ? []
        : rows(path, part, shown)),
      ...open,
    ];
    if (inner.length > 1) shown.set(keys, path);
    return [own, ...inner];
  });
}

function row(path: string, schema: JsonSchema, required: boolean): Row {
  const fallback =
    schema.default === undefined
      ? required
        ? "required"
        : ""
      : `\`${JSON.stringify(schema.default)}\``;
  return { path, type: typeName(schema), fallback, text: schema.description ?? "" };
}

function typeName(schema: JsonSchema): string {
  if (schema.enum !== undefined)
    return schema.enum.map((value) => `\`${String(value)}\``).join(" or ");
  if (schema.items !== undefined)
    return schema.items.properties ? "list" : `list of ${typeName(schema.items)}`;
  if (schema["pattern"] === secretRefPattern) return "secret reference";
  if (typeof schema.additionalProperties === "object") return "map";
  return schema.type === "integer" ? "whole number" : (schema.type ?? "value");
}

function table(lines: readonly Row[]): string {
  const cells = lines.map(({ path, type, fallback, text }) =>
    [path === "[]" ? "each" : `\`${path.replace(/^\[\]\./, "")}\``, type, fallback, text].map(
      (cell) => cell.replaceAll("|", "\\|"),
    ),
  );
  return [["key", "type", "default", "meaning"], ["---", "---", "---", "---"], ...cells]
    .map((line) => `| ${line.join(" | ")} |`)
    .join("\n");
}
