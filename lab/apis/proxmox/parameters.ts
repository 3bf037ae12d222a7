import { parameterError } from "./api-error.ts";

const truths = new Set(["1", "on", "yes", "true"]);
const lies = new Set(["0", "off", "no", "false"]);

/** What a route takes: exact names, or patterns for numbered ones (`net0`, `scsi3`). */
export type ParameterNames = readonly (string | RegExp)[];

/** The parameters of one call: query for GET and DELETE, form and query for POST and PUT. */
export class Parameters {
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(sources: readonly URLSearchParams[]) {
    const values = new Map<string, string[]>();
    for (const source of sources) {
      for (const [name, value] of source) values.set(name, [...(values.get(name) ?? []), value]);
    }
    this.#values = values;
  }

  /** Throws 400 with every name that the route does not know. */
  check(allowed: ParameterNames): void {
    const unknown = this.names().filter(
      (name) =>
        !allowed.some((rule) => (typeof rule === "string" ? rule === name : rule.test(name))),
    );
    if (unknown.length === 0) return;
    const reason =
      "property is not defined in schema and the schema does not allow additional properties";
    throw parameterError(Object.fromEntries(unknown.map((name) => [name, reason])));
  }

  names(): string[] {
    return [...this.#values.keys()];
  }

  /** Every value of a repeated field. */
  all(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  text(name: string): string | undefined {
    return this.all(name).at(-1);
  }

  required(name: string): string {
    const value = this.text(name);
    if (value === undefined)
      throw parameterError({ [name]: "property is missing and it is not optional" });
    return value;
  }

  integer(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (!/^-?\d+$/.test(value))
      throw parameterError({ [name]: `type check ('integer') failed - got '${value}'` });
    return Number(value);
  }

  flag(name: string): boolean {
    const value = this.text(name)?.toLowerCase();
    if (value === undefined || lies.has(value)) return false;
    if (truths.has(value)) return true;
    throw parameterError({ [name]: `type check ('boolean') failed - got '${value}'` });
  }

  /** A list joined with commas, semicolons or blanks. */
  list(name: string): string[] {
    return (this.text(name) ?? "").split(/[,;\s]+/).filter((item) => item !== "");
  }
}
