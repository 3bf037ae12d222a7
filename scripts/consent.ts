/** Asks a person before what cannot be undone. */
import { createInterface } from "node:readline/promises";

/** Where an answer comes from: standard input, or what a test puts in its place. */
type Terminal = NodeJS.ReadableStream & { readonly isTTY?: boolean };

export interface Question {
  /** What is about to happen, in a sentence. */
  readonly about: string;
  /** What to type to go on: the stack's name. */
  readonly word: string;
  /** `--yes` was given. */
  readonly yes: boolean;
  /** Said when there is no consent: `nothing was destroyed`. */
  readonly otherwise: string;
}

/** Resolves with consent. Rejects without, and where nobody can be asked: a pipe or a timer has not agreed to anything. */
export async function consent(
  { about, word, yes, otherwise }: Question,
  input: Terminal = process.stdin,
  output: NodeJS.WritableStream = process.stderr,
): Promise<void> {
  if (yes) return;
  if (input.isTTY !== true) {
    throw new Error(
      `${otherwise}: ${about} There is no terminal to ask at; say it with --yes if that is meant`,
    );
  }
  const terminal = createInterface({ input, output });
  // A terminal that is closed gives no answer, and the question would never end.
  const closed = new Promise<string>((resolve) => terminal.once("close", () => resolve("")));
  try {
    const asked = terminal.question(`${about} Type the stack's name to go on: `);
    if ((await Promise.race([asked, closed])).trim() !== word) throw new Error(otherwise);
  } finally {
    terminal.close();
  }
}
