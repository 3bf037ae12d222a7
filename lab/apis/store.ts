import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/**
 * What a service remembers: one JSON file, replaced as a whole so that a kill never leaves half of it. Only its owner
 * may read it, for there are secrets in it.
 */
export class JsonStore<State extends object> {
  readonly state: State;
  readonly #file: string | undefined;
  readonly #listeners = new Set<() => void>();

  /**
   * Reads what was kept; what the file lacks is as in `empty`. Without a file nothing outlives the process.
   * @throws an error that names the file when it is not what a store wrote.
   */
  constructor(file: string | undefined, empty: State) {
    this.#file = file;
    if (file !== undefined) mkdirSync(dirname(file), { recursive: true });
    this.state = { ...empty, ...(file === undefined ? {} : kept(file, empty)) };
  }

  /** Applies a change, writes it down before it returns, and tells who listens. */
  change<T>(apply: (state: State) => T): T {
    const result = this.note(apply);
    for (const listener of this.#listeners) listener();
    return result;
  }

  /** The same for what was only seen: nobody is told. */
  note<T>(apply: (state: State) => T): T {
    const result = apply(this.state);
    if (this.#file === undefined) return result;
    const draft = `${this.#file}.new`;
    writeFileSync(draft, JSON.stringify(this.state, null, 1), { mode: 0o600 });
    renameSync(draft, this.#file);
    return result;
  }

  /** Calls the listener after every change; returns the function that ends this. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

function kept<State extends object>(file: string, empty: State): Partial<State> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw error;
  }
  const damage = damageOf(text, empty);
  if (damage === undefined) return JSON.parse(text) as Partial<State>;
  throw new Error(
    `${file}: damaged: ${damage}; \`npm run lab -- reset\` begins anew, or put a good copy in its place`,
  );
}

/** Why the text cannot be a state; nothing of it is quoted, for there may be secrets in it. */
function damageOf(text: string, empty: object): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "not JSON";
  }
  if (kindOf(value) !== "object") return `an object is expected, not ${kindOf(value)}`;
  for (const [name, wanted] of Object.entries(empty)) {
    const given = (value as Record<string, unknown>)[name];
    if (given !== undefined && kindOf(given) !== kindOf(wanted))
      return `${name}: ${kindOf(wanted)} is expected, not ${kindOf(given)}`;
  }
  return undefined;
}

const kindOf = (value: unknown): string =>
  value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
