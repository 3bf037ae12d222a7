import { getStack, RunError } from "@pulumi/pulumi";
import { allConfig } from "@pulumi/pulumi/runtime/config.js";
import { stackName } from "./forms.ts";
import type { Parsed } from "./parse.ts";
import { describeProblems } from "./problem.ts";

/** The running stack's name and config. Throws one RunError that names every problem. */
export function readConfig<Config>(
  parse: (raw: Readonly<Record<string, string>>, stack: string) => Parsed<Config>,
): { readonly name: string; readonly config: Config } {
  const name = getStack();
  const parsed = parse(allConfig(), name);
  const problems = [...parsed.problems];
  const issues = stackName.safeParse(name).error?.issues ?? [];
  problems.push(...issues.map(({ message }) => ({ path: "stack", text: message })));
  if (parsed.config === undefined || problems.length > 0)
    throw new RunError(describeProblems(name, problems));
  return { name, config: parsed.config };
}
