import { getStack, RunError } from "@pulumi/pulumi";
import { allConfig } from "@pulumi/pulumi/runtime/config.js";
import type { Parsed } from "./parse.ts";
import { describeProblems } from "./problem.ts";

/** The running stack's name and config. Throws one RunError that names every problem. */
export function readConfig<Config>(
  parse: (raw: Readonly<Record<string, string>>, stack: string) => Parsed<Config>,
): { readonly name: string; readonly config: Config } {
  const name = getStack();
  const parsed = parse(allConfig(), name);
  const problems = [...parsed.problems];
  if (!/^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$/.test(name)) {
    const text = `the stack's name is part of tags, files and names; use lower-case letters, digits and hyphens, at most 32`;
    problems.push({ path: "stack", text });
  }
  if (parsed.config === undefined || problems.length > 0)
    throw new RunError(describeProblems(name, problems));
  return { name, config: parsed.config };
}
