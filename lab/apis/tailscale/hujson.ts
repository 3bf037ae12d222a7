import { HujsonError, tokenize, type Token } from "./hujson-tokens.ts";

/** What a HuJSON text says, comments apart. */
export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

/** Deeper texts are refused, so that none can exhaust the stack. */
const deepest = 200;

/**
 * Reads a HuJSON text: one value, with comments and trailing commas.
 * A name given twice in one object is refused, since one of the two would silently not count.
 * @throws HujsonError with line and column of what is wrong.
 */
export function parseHujson(text: string): Json {
  const reader = new Reader(text);
  const value = reader.value(0);
  reader.end();
  return value;
}

class Reader {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokenize(text);
  }

  value(depth: number): Json {
    const token = this.#take();
    if (depth > deepest) throw this.#error(token, `nested deeper than ${deepest} levels`);
    if (token.kind === "scalar") return token.value;
    if (token.kind === "punctuation" && token.text === "{") return this.#object(depth);
    if (token.kind === "punctuation" && token.text === "[") return this.#array(depth);
    throw this.#error(token, `expected a value, found ${nameOf(token)}`);
  }

  end(): void {
    const token = this.#take();
    if (token.kind !== "end")
      throw this.#error(token, `expected the end of the text, found ${nameOf(token)}`);
  }

  #array(depth: number): Json[] {
    const items: Json[] = [];
    while (!this.#accept("]")) {
      items.push(this.value(depth + 1));
      if (!this.#accept(",")) {
        this.#expect("]", "',' or ']'");
        break;
      }
    }
    return items;
  }

  #object(depth: number): { [name: string]: Json } {
    const members = new Map<string, Json>();
    while (!this.#accept("}")) {
      const token = this.#take();
      if (token.kind !== "scalar" || typeof token.value !== "string")
        throw this.#error(token, `expected a name in quotes, found ${nameOf(token)}`);
      if (members.has(token.value))
        throw this.#error(token, `duplicate name ${JSON.stringify(token.value)}`);
      this.#expect(":", "':'");
      members.set(token.value, this.value(depth + 1));
      if (!this.#accept(",")) {
        this.#expect("}", "',' or '}'");
        break;
      }
    }
    // Defines own members, also for the name `__proto__`.
    return Object.fromEntries(members);
  }

  #take(): Token {
    const token = this.#tokens[this.#next];
    if (token === undefined) throw new Error("read past the end of a HuJSON text");
    if (token.kind !== "end") this.#next += 1;
    return token;
  }

  #accept(mark: string): boolean {
    const token = this.#tokens[this.#next];
    const found = token?.kind === "punctuation" && token.text === mark;
    if (found) this.#next += 1;
    return found;
  }

  #expect(mark: string, wanted: string): void {
    const token = this.#tokens[this.#next];
    if (!this.#accept(mark) && token !== undefined)
      throw this.#error(token, `expected ${wanted}, found ${nameOf(token)}`);
  }

  #error(token: Token, reason: string): HujsonError {
    return new HujsonError(this.#text, token.offset, reason);
  }
}

function nameOf(token: Token): string {
  if (token.kind === "end") return "the end of the text";
  return token.kind === "scalar" ? JSON.stringify(token.value) : `'${token.text}'`;
}
