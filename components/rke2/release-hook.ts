import { log, ResourceHook, type Input } from "@pulumi/pulumi";
import type { Machine, ReachedMachine } from "../machine.ts";
import { parameterValues, scriptInput } from "../remote/shell.ts";
import { hookRun, valueOf } from "../remote/ssh-login.ts";
import { scripts } from "./scripts.ts";
import { versionStep } from "./version-step.ts";

/** A node that is about to be given a release. */
export interface ReleaseChange {
  readonly node: Pick<Machine, "name" | "generation">;
  readonly version: string;
  /** Names of servers whose host does not answer. */
  readonly away: readonly string[];
}

/** The release that gives way to another on the same machine; undefined where none does. */
export function releaseBefore(
  lastInput: string,
  { node, version }: Omit<ReleaseChange, "away">,
): string | undefined {
  const { VERSION: from, GENERATION: generation } = parameterValues(lastInput);
  return from === version || generation !== node.generation ? undefined : from;
}

/**
 * Why a node's step must not run, from the standard input that it had last; undefined when it may. A machine that was
 * built anew has no release to come from.
 */
export function releaseProblem(
  lastInput: string,
  { node, version, away }: ReleaseChange,
): string | undefined {
  const from = releaseBefore(lastInput, { node, version });
  if (from === undefined) return undefined;
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
      const problem = releaseProblem(await lastInput(oldInputs), change);
      if (problem !== undefined) throw new Error(`${change.node.name}: ${problem}`);
    },
    { onDryRun: true },
  );
}

/**
 * Moves an agent's pods away before its RKE2 is upgraded: a server's step does so itself, an agent's login at the API may
 * not. The agent lets pods in again at the end of its step.
 */
export function drainHook(
  name: string,
  change: Omit<ReleaseChange, "away">,
  server: ReachedMachine,
): ResourceHook {
  return new ResourceHook(`${name}-drain`, async ({ oldInputs }) => {
    if (releaseBefore(await lastInput(oldInputs), change) === undefined) return;
    const script = scriptInput(scripts.drain, { NODE: change.node.name });
    const tell = (line: string): void => void log.info(line);
    await hookRun([server])(server.address, script, { seconds: 300, tell });
  });
}

/** The standard input that a step had last; what is secret comes as an output. */
async function lastInput(inputs: unknown): Promise<string> {
  const { stdin } = (inputs ?? {}) as { stdin?: Input<string> };
  return stdin === undefined ? "" : valueOf(stdin);
}
