/** Which chain of resources determined how long a bring-up took. Pure: from times and dependencies to a path. */

/** One operation on a resource. Times are milliseconds since the bring-up began. */
export interface Step {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** One link of the path: the wait before a step's start since its predecessor's end, then the step itself. */
export interface Link {
  readonly step: Step;
  /** Milliseconds in which neither the predecessor nor the step ran: program, engine and their processes. */
  readonly gap: number;
}

/** URNs that a resource waits for, by its URN; what had no operation (components) may stand between. */
export type Dependencies = ReadonlyMap<string, readonly string[]>;

/**
 * Follows the bring-up back from the step that ended last: its predecessor is the one among all that it waits for, straight
 * or through resources without an operation, that ended last. Gives the links in the order of time.
 */
export function criticalPath(steps: readonly Step[], dependencies: Dependencies): readonly Link[] {
  const byUrn = new Map(steps.map((step) => [step.urn, step]));
  const links: Link[] = [];
  const seen = new Set<string>();
  let current = latest(steps);
  while (current !== undefined && !seen.has(current.urn)) {
    seen.add(current.urn);
    const step = current;
    // An end that was told late may lie after the start that it allowed; what began later was not waited for.
    const before = waitedFor(step.urn, byUrn, dependencies).filter(
      (other) => other.start < step.start,
    );
    current = latest(before);
    links.unshift({ step, gap: Math.max(0, step.start - (current?.end ?? 0)) });
  }
  return links;
}

/** Milliseconds in which at least one of the steps was in progress. */
export function covered(steps: readonly Pick<Step, "start" | "end">[]): number {
  let total = 0;
  let until = 0;
  for (const { start, end } of [...steps].sort((a, b) => a.start - b.start)) {
    total += Math.max(0, end - Math.max(start, until));
    until = Math.max(until, end);
  }
  return total;
}

function latest(steps: readonly Step[]): Step | undefined {
  return steps.reduce<Step | undefined>(
    (last, step) => (last === undefined || step.end > last.end ? step : last),
    undefined,
  );
}

function waitedFor(
  urn: string,
  steps: ReadonlyMap<string, Step>,
  dependencies: Dependencies,
): readonly Step[] {
  const found: Step[] = [];
  const visited = new Set([urn]);
  const open = [...(dependencies.get(urn) ?? [])];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (visited.has(next)) continue;
    visited.add(next);
    const step = steps.get(next);
    if (step === undefined) open.push(...(dependencies.get(next) ?? []));
    else found.push(step);
  }
  return found;
}
