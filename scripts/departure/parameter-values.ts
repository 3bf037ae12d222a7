/**
 * Values of a step's parameters from its standard input: lines of the form `NAME='value'` before the script, where a quote
 * inside stands as `'\''` and a value may span lines; the form that components/remote/shell.ts writes.
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
