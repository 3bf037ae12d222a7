import { readFileSync } from "node:fs";

/** Text of a script in the folder `scripts` beside the module whose `import.meta.url` is given. */
export function scriptText(module: string, file: string): string {
  return readFileSync(new URL(`./scripts/${file}`, module), "utf8");
}

/** What every script begins with that runs as a step; see scripts/step.sh. */
export const stepScript = scriptText(import.meta.url, "step.sh");

/** A value as one shell word: `it's` gives `'it'\''s'`. Throws on a NUL, which no shell can hold. */
export function quote(value: string): string {
  if (value.includes("\0")) throw new Error("a shell value cannot hold a NUL character");
  return `'${value.replaceAll("'", "'\\''")}'`;
}

/** Parameters of a script by name; names are upper-case shell variables. */
export type Parameters = Readonly<Record<string, string>>;

/**
 * What a remote shell reads from standard input: the parameters as assignments, then the script. The scripts define
 * functions first and call `main` in their last line with input of its own, so that no child eats the rest of them.
 */
export function scriptInput(script: string, parameters: Parameters): string {
  const lines = Object.entries(parameters).map(([name, value]) => {
    if (!/^[A-Z][A-Z0-9_]*$/.test(name))
      throw new Error(`${name} is no name for a script parameter; use A_NAME`);
    return `${name}=${quote(value)}`;
  });
  return `${lines.join("\n")}\n${script}`;
}

/**
 * Values of a step's parameters from its standard input: lines of the form `NAME='value'` before the script, where a quote
 * inside stands as `'\''` and a value may span lines; what `scriptInput` writes.
 */
export function parameterValues(stdin: string): Readonly<Record<string, string>> {
  const values: Record<string, string> = {};
  const assignment = /([A-Z][A-Z0-9_]*)='((?:[^']|'\\'')*)'\n/y;
  for (let found = assignment.exec(stdin); found !== null; found = assignment.exec(stdin)) {
    const [, name = "", quoted = ""] = found;
    values[name] = quoted.replaceAll("'\\''", "'");
  }
  return values;
}
