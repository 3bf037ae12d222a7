import type { Problem } from "../../components/problem.ts";

/**
 * What is known while a site file is completed: what had to be derived, and what cannot be. A value that nobody wrote can
 * still be wrong; `explain` then says where it came from.
 */
export class Derivation {
  /** The site's name. */
  readonly stack: string;
  readonly #problems: Problem[] = [];
  readonly #sources = new Map<string, string>();

  constructor(stack: string) {
    this.stack = stack;
  }

  /** What the file lacks and nothing can be derived from. */
  get problems(): readonly Problem[] {
    return this.#problems;
  }

  /** The value at `path` as it was written, or else `derived`; `how` it came about, in words. */
  given<Value>(path: string, written: Value | undefined, derived: Value, how: string): Value {
    if (written !== undefined) return written;
    this.#sources.set(path, how);
    return derived;
  }

  /**
   * The text at `path`, or a problem when it was not written. The empty text then stands in, so that the checks of all
   * other values still run; no site comes of it.
   */
  needed(path: string, written: string | undefined, why: string): string {
    if (written === undefined) this.report(path, `is missing; ${why}`);
    return written ?? "";
  }

  /** Adds a problem with what was written, once, however many values are derived from it. */
  report(path: string, text: string): void {
    if (this.#problems.some((one) => one.path === path && one.text === text)) return;
    this.#problems.push({ path, text });
  }

  /** The problem; with its value's source, when nobody wrote the value. */
  explain(problem: Problem): Problem {
    for (const [path, how] of this.#sources) {
      if (problem.path !== path && !problem.path.startsWith(`${path}[`)) continue;
      return { ...problem, text: `${problem.text} (not written; ${how})` };
    }
    return problem;
  }
}
