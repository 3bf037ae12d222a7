/**
 * Alloy's configuration language, as far as it is used here: blocks with attributes and further blocks.
 * @see https://grafana.com/docs/alloy/latest/get-started/syntax/
 */

/** What another component gives, such as `loki.write.site.receiver`, or a call such as `sys.env("HOSTNAME")`. */
export interface Expression {
  readonly expression: string;
}

export const expression = (text: string): Expression => ({ expression: text });

export type Value =
  string | number | boolean | Expression | readonly Value[] | { readonly [key: string]: Value };

export interface Block {
  /** Kind of a component, or name of a block inside of one. */
  readonly kind: string;
  readonly label?: string;
  readonly attributes: Readonly<Record<string, Value>>;
  readonly blocks: readonly Block[];
}

/** A component: its kind, its label, what it is told, and blocks inside of it. */
export function component(
  kind: string,
  label: string,
  attributes: Block["attributes"],
  ...blocks: readonly Block[]
): Block {
  return { kind, label, attributes, blocks };
}

/** A block that has no label. */
export function inner(
  kind: string,
  attributes: Block["attributes"],
  ...blocks: readonly Block[]
): Block {
  return { kind, attributes, blocks };
}

/** A whole file. */
export function alloyText(blocks: readonly Block[]): string {
  return blocks.map((block) => `${lines(block).join("\n")}\n`).join("\n");
}

function lines({ kind, label, attributes, blocks }: Block): readonly string[] {
  const head = label === undefined ? kind : `${kind} ${text(label)}`;
  const inside = [
    ...Object.entries(attributes).map(([key, value]) => `${key} = ${valueText(value)}`),
    ...blocks.flatMap(lines),
  ];
  return [`${head} {`, ...inside.map((line) => `\t${line}`), "}"];
}

/** Strings are Go's, which take what JSON writes. */
const text = (value: string): string => JSON.stringify(value);

function valueText(value: Value): string {
  if (typeof value === "string") return text(value);
  if (typeof value !== "object") return String(value);
  if (Array.isArray(value)) return `[${(value as readonly Value[]).map(valueText).join(", ")}]`;
  if (isExpression(value)) return value.expression;
  const pairs = Object.entries(value).map(([key, one]) => `${text(key)} = ${valueText(one)}`);
  return `{ ${pairs.join(", ")} }`;
}

function isExpression(value: Exclude<Value, string | number | boolean>): value is Expression {
  return "expression" in value && typeof value.expression === "string";
}
