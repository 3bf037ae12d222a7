/** A graph's difference as Markdown that also reads well in a terminal. */
import type { GraphDiff, Node, ValueChange } from "./graph-diff.ts";

/** Longest text of one value; a document or a script is cut after it. */
const widest = 120;

/** Most resources that are told in full; a comment that nobody reads to its end helps nobody. */
const most = 60;

/** Most values of one resource: the schema of a custom resource may change in a thousand. */
const mostValues = 20;

/** A heading with the counts, then every resource with what changes. */
export function renderDiff(stack: string, base: string, diff: GraphDiff): string {
  return `### ${stack} against ${base}\n\n${renderBlock("", diff)}`;
}

/** The counts after a lead, then every resource with what changes. */
export function renderBlock(lead: string, { added, removed, changed }: GraphDiff): string {
  if (added.length + removed.length + changed.length === 0) return `${lead}No resource differs.\n`;
  const counts = [
    `${added.length} to create`,
    `${removed.length} to delete`,
    `${changed.length} to change`,
  ].join(", ");
  const lines = [
    ...removed.map((node) => `- ${describe(node)}`),
    ...added.map((node) => `+ ${describe(node)}`),
    ...changed.flatMap(({ node, changes }) => [
      `! ${describe(node)}`,
      ...changes.slice(0, mostValues).flatMap(describeChange),
      ...(changes.length > mostValues ? [`#     and ${changes.length - mostValues} more`] : []),
    ]),
  ];
  const shown = cut(lines);
  return `${lead}${counts}\n\n\`\`\`diff\n${shown.join("\n")}\n\`\`\`\n`;
}

function cut(lines: readonly string[]): readonly string[] {
  const starts = lines.flatMap((line, index) => (/^[-+!] \S/.test(line) ? [index] : []));
  const end = starts[most];
  if (end === undefined) return lines;
  return [...lines.slice(0, end), `# and ${starts.length - most} more`];
}

function describe({ type, name }: Node): string {
  return `${type} ${name}`;
}

function describeChange({ path, before, after }: ValueChange): string[] {
  return [
    ...(before === undefined ? [] : [`-     ${path}: ${text(before)}`]),
    ...(after === undefined ? [] : [`+     ${path}: ${text(after)}`]),
  ];
}

function text(value: unknown): string {
  const whole = JSON.stringify(value) ?? "undefined";
  return whole.length <= widest ? whole : `${whole.slice(0, widest)}… (${whole.length} characters)`;
}
