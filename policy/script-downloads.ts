/**
 * Finds downloads in shell scripts that are used unseen. It reads the text alone, as the project's scripts are written:
 * functions that begin with `name() {` and end with `}` in the first column.
 */

/** A download that no checksum vouches for. */
export interface UnverifiedDownload {
  /** 1 for the first line of the script. */
  readonly line: number;
  readonly problem: string;
}

interface Statement {
  readonly line: number;
  readonly text: string;
  /** Function that it stands in; undefined outside of all. */
  readonly inside: string | undefined;
}

const verification = /\b(sha(256|384|512)sum|shasum)\b.*(\s-c\b|--check\b)/;
const fetcher = /(^|[\s(|;&!])(curl|wget)\s/;
const intoProgram =
  /\b(curl|wget)\b[^|]*\|\s*(sudo\s+)?(ba|da|z)?(sh|tar|python3?|perl|node|dpkg)\b/;

/**
 * Downloads of a script that are used unverified: those piped into a program, and files that no later command of the same
 * function compares with a SHA-2 checksum. A function that only downloads counts where it is called.
 */
export function unverifiedDownloads(script: string): readonly UnverifiedDownload[] {
  if (!fetcher.test(script)) return [];
  const all = statements(script);
  const piped = all
    .filter(({ text }) => intoProgram.test(text))
    .map(({ line }) => ({
      line,
      problem:
        "a download goes straight into a program; save it, compare its checksum (sha256sum --check), then use it",
    }));
  const saving = all.filter(({ text }) => savesFile(text) && !intoProgram.test(text));
  const unverified = saving.flatMap((statement) => settled(all, statement, new Set()));
  const lines = new Set<number>();
  const saved = unverified
    .filter(({ line }) => !lines.has(line) && lines.add(line))
    .map(({ line }) => ({
      line,
      problem: "a file is downloaded and not compared with a checksum after it: sha256sum --check",
    }));
  return [...piped, ...saved].sort((a, b) => a.line - b.line);
}

/** Statements from which a download stays unverified: itself, or the calls of its function. */
function settled(
  all: readonly Statement[],
  statement: Statement,
  seen: ReadonlySet<string>,
): readonly Statement[] {
  const { inside } = statement;
  const later = all.slice(all.indexOf(statement));
  if (later.some(({ inside: other, text }) => other === inside && verification.test(text))) {
    return [];
  }
  if (inside === undefined || seen.has(inside)) return [statement];
  const call = new RegExp(`(^|[\\s(;&|!])${inside}(\\s|$)`);
  const calls = all.filter(
    ({ inside: other, text }) =>
      other !== inside && call.test(text) && !text.startsWith(`${inside}()`),
  );
  if (calls.length === 0) return [statement];
  return calls.flatMap((one) => settled(all, one, new Set([...seen, inside])));
}

/** Whether a statement leaves a downloaded file behind. A request that sends something is a call of an API. */
function savesFile(text: string): boolean {
  const command = /(?:^|[\s(|;&!])(curl|wget)\s(.*)/.exec(text);
  if (command === null) return false;
  const [, program, rest = ""] = command;
  if (program === "wget") return !/\s-O\s*-(\s|$)|--spider/.test(` ${rest}`);
  if (/(^|\s)(-X|--request|-d|--data\S*|-T|--upload-file)(\s|=)/.test(rest)) return false;
  if (/(^|\s)(-[a-zA-Z]*I[a-zA-Z]*|--head)(\s|$)/.test(rest)) return false;
  if (/(^|\s)(-[a-zA-Z]*O|--remote-name)(\s|$)/.test(rest)) return true;
  const target = /(?:^|\s)(?:-[a-zA-Z]*o|--output)[\s=]+(\S+)/.exec(rest)?.[1];
  if (target !== undefined) return target !== "/dev/null" && target !== "-";
  return /[^2&>]>\s*"?(\$|\/(?!dev\/null)|[\w.])/.test(rest.replaceAll(/2>&?\S*/g, ""));
}

/** Lines joined at `\`, without comments, each with its function. */
function statements(script: string): readonly Statement[] {
  const found: Statement[] = [];
  let inside: string | undefined;
  let begun: { line: number; text: string } | undefined;
  script.split("\n").forEach((raw, i) => {
    const part = raw.replace(/^\s*#.*$/, "");
    const text = begun === undefined ? part : `${begun.text} ${part.trim()}`;
    const line = begun?.line ?? i + 1;
    if (text.endsWith("\\")) {
      begun = { line, text: text.slice(0, -1) };
      return;
    }
    begun = undefined;
    const opened = /^(?:function\s+)?([A-Za-z_]\w*)\s*\(\)\s*[{(]/.exec(text)?.[1];
    if (opened !== undefined) inside = opened;
    if (text.trim() !== "") found.push({ line, text, inside });
    if (text.startsWith("}") || (opened !== undefined && /}\s*$/.test(text))) inside = undefined;
  });
  return found;
}
