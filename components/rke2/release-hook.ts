import { output, ResourceHook, type Input } from "@pulumi/pulumi";
import type { Machine } from "../machine.ts";
import { parameterValues } from "../remote/shell.ts";
import { versionStep } from "./version-step.ts";

/** A node that is about to be given a release. */
export interface ReleaseChange {
  readonly node: Pick<Machine, "name" | "generation">;
  readonly version: string;
  /** Names of servers whose host does not answer. */
  readonly away: readonly string[];
}

/**
 * Why a node's step must not run, from the standard input that it had last; undefined when it may. A machine that was
 * built anew has no release to come from.
 */
export function releaseProblem(
  lastInput: string,
  { node, version, away }: ReleaseChange,
): string | undefined {
  const { VERSION: from, GENERATION: generation } = parameterValues(lastInput);
  if (from === undefined || from === version || generation !== node.generation) return undefined;
  const step = versionStep(from, version);
  if (step !== undefined) return `homelab:versions.rke2: ${step}`;
  if (away.length === 0) return undefined;
  // Its kubelet would be older than allowed, agents newer than its API; and each restart counts against etcd's majority.
  return (
    `homelab:versions.rke2: ${version} has to wait: the host of ${away.join(", ")} does not answer, ` +
    `and servers are upgraded before agents, all of them; put ${from} back until it does`
  );
}

/** Refuses a release before anything is changed, already in a preview: the engine compares with what was applied last. */
export function releaseHook(name: string, change: ReleaseChange): ResourceHook {
  return new ResourceHook(
    `${name}-release`,
    async ({ oldInputs }) => {
      const stdin = (oldInputs as { stdin?: unknown } | undefined)?.stdin;
      // What is secret comes as an output.
      const last = await new Promise<string>((resolve) => {
        output((stdin ?? "") as Input<string>).apply(resolve);
      });
      const problem = releaseProblem(last, change);
      if (problem !== undefined) throw new Error(`${change.node.name}: ${problem}`);
    },
    { onDryRun: true },
  );
}
