import { log, RunError } from "@pulumi/pulumi";
import type { Problem } from "../../components/problem.ts";

/** What was made of a look at the world. */
export interface Judged<Found> {
  readonly found: Found;
  /** What stands against the site. */
  readonly problems: readonly Problem[];
  /** What a person should know of a run that may go on. */
  readonly notes: readonly string[];
}

/** Throws one RunError that names all problems of a stack, before any resource is registered; else says what there is to know. */
export function accept(
  stack: string,
  ...all: readonly Pick<Judged<unknown>, "problems" | "notes">[]
): void {
  const problems = all.flatMap((each) => each.problems);
  if (problems.length > 0) throw new RunError(describeProblems(stack, problems));
  for (const note of all.flatMap(({ notes }) => notes)) void log.warn(note);
}

/** One message for all problems of a stack, in the order of the config. */
export function describeProblems(stack: string, problems: readonly Problem[]): string {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  return [
    `Pulumi.${stack}.yaml has ${count}; nothing was changed:`,
    ...problems.map((problem) => `  ${problem.path}: ${problem.text}`),
  ].join("\n");
}

/** A config path as people write it: `homelab:machines[1].vmId`. */
export function configPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part, index) => {
    if (index === 0) return `homelab:${String(part)}`;
    return typeof part === "number" ? `${text}[${part}]` : `${text}.${String(part)}`;
  }, "");
}
