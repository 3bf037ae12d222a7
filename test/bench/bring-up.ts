/** What a recorded bring-up says: its critical path, and its own share over the waits that machines impose. */
import { covered, criticalPath } from "./critical-path.ts";
import { table, type Figure } from "./figures.ts";
import type { BringUp } from "./record-up.ts";
import { machineWait, nodeOf } from "./waits.ts";

/** One line of the critical path; times in seconds. */
export interface PathEntry {
  readonly node: string;
  readonly step: string;
  readonly type: string;
  readonly begin: number;
  readonly seconds: number;
  /** Part of the whole bring-up, 0 to 1. */
  readonly share: number;
  /** What the step waits for; absent when its time is the program's or an API's. */
  readonly wait?: string;
}

/** The critical path, gaps between steps as entries of the program and the engine. */
export function pathEntries({
  duration,
  steps,
  dependencies,
  nodes,
}: BringUp): readonly PathEntry[] {
  const entry = (
    begin: number,
    milliseconds: number,
  ): Omit<PathEntry, "node" | "step" | "type"> => ({
    begin: begin / 1000,
    seconds: milliseconds / 1000,
    share: milliseconds / duration,
  });
  const links = criticalPath(steps, new Map(dependencies));
  const entries = links.flatMap(({ step, gap }): PathEntry[] => {
    const wait = machineWait(step.type);
    return [
      { node: "", step: "program and engine", type: "", ...entry(step.start - gap, gap) },
      {
        node: nodeOf(step.name, nodes),
        step: step.name,
        type: step.type,
        ...entry(step.start, step.end - step.start),
        ...(wait === undefined ? {} : { wait }),
      },
    ];
  });
  const end = links.at(-1)?.step.end ?? 0;
  const rest = { node: "", step: "program and engine", type: "" };
  return [...entries, { ...rest, ...entry(end, duration - end) }].filter(
    ({ seconds }) => seconds >= shortest,
  );
}

/** Seconds below which an entry says nothing. */
const shortest = 0.01;

/** The bring-up's own time, in which nothing waited for a machine, over the time in which something did. */
export function ownShare({ duration, steps }: BringUp): Figure {
  const waits = covered(steps.filter(({ type }) => machineWait(type) !== undefined));
  const own = duration - waits;
  return {
    name: "bring-up: own share over machines' waits",
    value: own / waits,
    unit: "x",
    limit: { atMost: 0.25 },
    detail: `${seconds(own)} own, ${seconds(waits)} waits, ${seconds(duration)} in all`,
  };
}

/** The path for people, and how its time divides among the nodes. */
export function pathText(entries: readonly PathEntry[]): string {
  const rows = entries.map(({ node, step, type, begin, seconds: took, share, wait }) => [
    begin.toFixed(1),
    took.toFixed(2),
    percent(share),
    node,
    step,
    type,
    wait ?? "",
  ]);
  const byNode = Map.groupBy(entries, ({ node, step }) => node || step);
  const nodes = [...byNode].map(([node, own]) => [
    node,
    own.reduce((sum, { seconds: took }) => sum + took, 0).toFixed(2),
    percent(own.reduce((sum, { share }) => sum + share, 0)),
  ]);
  const steps = ["At s", "Seconds", "Share", "Node", "Step", "Type", "Waits for"];
  return `${table(steps, rows)}\n\n${table(["Node", "Seconds", "Share"], nodes)}`;
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;
