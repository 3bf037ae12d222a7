/**
 * Expressions of GitHub's workflows, as the runner takes them (actions/runner, src/Sdk/DTExpressions2). What no workflow
 * here uses is refused by name: `.*`, `<`, functions that are not in the table.
 */

/** Contexts by their names, `github`, `vars`, ..., as JSON. */
export type Contexts = Readonly<Record<string, unknown>>;

/** Functions that depend on where the expression stands: `success`, `hashFiles`, ... */
export type Functions = Readonly<Record<string, (...values: readonly unknown[]) => unknown>>;

/** Where an expression stands. */
export interface Scope {
  readonly contexts: Contexts;
  readonly functions: Functions;
}

const token =
  /\s*(?:('(?:[^']|'')*')|(-?\d+(?:\.\d+)?)|([A-Za-z_][\w-]*)|(&&|\|\||==|!=|[!()[\].,]))/y;

/** Functions that are the same everywhere. */
const common: Functions = {
  format: (text, ...values) =>
    textOf(text).replace(/\{\{|\}\}|\{(\d+)\}/g, (found, index?: string) => {
      if (index === undefined) return found.slice(1);
      if (!(Number(index) in values)) throw new Error(`format: there is no value for ${found}`);
      return textOf(values[Number(index)]);
    }),
  fromJSON: (text) => JSON.parse(textOf(text)) as unknown,
  startsWith: (text, start) => textOf(text).toLowerCase().startsWith(textOf(start).toLowerCase()),
};

/** The value of an expression; what a context lacks is null. Throws for what is none, or is not played. */
export function evaluate(expression: string, { contexts, functions }: Scope): unknown {
  const tokens = tokensOf(expression);
  const known = { ...common, ...functions };
  let at = 0;
  const peek = (): string | undefined => tokens[at];
  const take = (wanted?: string): string => {
    const found = tokens[at];
    if (found === undefined || (wanted !== undefined && found !== wanted))
      throw new Error(`${expression}: ${wanted ?? "a value"} expected at ${found ?? "the end"}`);
    at += 1;
    return found;
  };
  // Both sides are evaluated: nothing here has an effect.
  const either = (): unknown => {
    let value = both();
    while (peek() === "||") {
      take();
      const other = both();
      value = isTrue(value) ? value : other;
    }
    return value;
  };
  const both = (): unknown => {
    let value = comparison();
    while (peek() === "&&") {
      take();
      const other = comparison();
      value = isTrue(value) ? other : value;
    }
    return value;
  };
  const comparison = (): unknown => {
    let value = unary();
    for (let next = peek(); next === "==" || next === "!="; next = peek()) {
      take();
      value = equal(value, unary()) === (next === "==");
    }
    return value;
  };
  const unary = (): unknown => {
    if (peek() !== "!") return reached();
    take();
    return !isTrue(unary());
  };
  const reached = (): unknown => {
    let value = primary();
    for (;;) {
      if (peek() === ".") {
        take();
        value = member(value, take());
      } else if (peek() === "[") {
        take();
        value = member(value, either());
        take("]");
      } else return value;
    }
  };
  const primary = (): unknown => {
    const found = take();
    if (found === "(") {
      const value = either();
      take(")");
      return value;
    }
    if (found.startsWith("'")) return found.slice(1, -1).replaceAll("''", "'");
    if (/^-?\d/.test(found)) return Number(found);
    if (found in literals) return literals[found];
    if (!/^[A-Za-z_]/.test(found)) throw new Error(`${expression}: ${found} is no value`);
    if (peek() === "(") return called(found);
    if (!(found in contexts)) throw new Error(`${expression}: there is no context ${found} here`);
    return contexts[found];
  };
  const called = (name: string): unknown => {
    const call = known[name];
    if (call === undefined) throw new Error(`${expression}: the function ${name} is not played`);
    take("(");
    const values: unknown[] = [];
    while (peek() !== ")") {
      if (values.length > 0) take(",");
      values.push(either());
    }
    take(")");
    return call(...values);
  };
  const value = either();
  if (at < tokens.length) throw new Error(`${expression}: ${peek() ?? ""} is one too many`);
  return value;
}

const literals: Readonly<Record<string, unknown>> = { true: true, false: false, null: null };

function tokensOf(expression: string): readonly string[] {
  const found: string[] = [];
  token.lastIndex = 0;
  while (expression.slice(token.lastIndex).trim() !== "") {
    const at = token.lastIndex;
    const [matched] = token.exec(expression) ?? [];
    if (matched === undefined)
      throw new Error(`${expression}: ${expression.slice(at).trim()} is not played`);
    found.push(matched.trim());
  }
  return found;
}

/** A key of an object, in any case, or an element of a list. */
function member(value: unknown, key: unknown): unknown {
  if (typeof value !== "object" || value === null) return null;
  if (Array.isArray(value)) return (value as readonly unknown[])[Number(key)] ?? null;
  const wanted = textOf(key).toLowerCase();
  const found = Object.entries(value).find(([name]) => name.toLowerCase() === wanted);
  return (found?.[1] as unknown) ?? null;
}

/** JavaScript's `==`, but that texts are equal in any case. */
function equal(left: unknown, right: unknown): boolean {
  if (typeof left === "string" && typeof right === "string")
    return left.toLowerCase() === right.toLowerCase();
  if (typeof left === typeof right || (left ?? right) === null) return left === right;
  return numberOf(left) === numberOf(right);
}

function numberOf(value: unknown): number {
  if (value === null) return 0;
  return typeof value === "object" ? Number.NaN : Number(value);
}

/** What an `if` and the operators take for true. */
export const isTrue = (value: unknown): boolean => ![null, false, 0, ""].includes(value as null);

/** A value as it stands in a text. */
export function textOf(value: unknown): string {
  if (value === null) return "";
  if (typeof value === "object") return Array.isArray(value) ? "Array" : "Object";
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  throw new Error(`no value of an expression is ${typeof value}`);
}

/** A text with its `${{ }}` filled in. */
export const filled = (text: string, scope: Scope): string =>
  text.replace(/\$\{\{(.*?)\}\}/gs, (_, expression: string) => textOf(evaluate(expression, scope)));

/** Whether what has this `if` runs: after success alone, unless it asks for how things went itself. */
export function holds(condition: string | undefined, scope: Scope): boolean {
  const asked = (condition ?? "").replace(/^\s*\$\{\{(.*)\}\}\s*$/s, "$1").trim();
  if (asked === "") return isTrue(evaluate("success()", scope));
  const knows = /\b(?:success|failure|cancelled|always)\s*\(/.test(asked);
  return isTrue(evaluate(knows ? asked : `success() && (${asked})`, scope));
}
