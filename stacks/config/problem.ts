import type { Problem } from "../../components/problem.ts";

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
