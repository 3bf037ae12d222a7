/** What the scripts share: which stack, and how a run that was cut off is repaired before the next one. */
import {
  CommandError,
  ConcurrentUpdateError,
  LocalWorkspace,
  StackNotFoundError,
  type Stack,
} from "@pulumi/pulumi/automation/index.js";
import { Command } from "commander";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { releaseStaleLock } from "./repair/lock.ts";
import { endOrphans } from "./repair/orphans.ts";
import { settlePendingOperations } from "./repair/pending.ts";
import { readState, rootOf, type StackState } from "./state.ts";

/** Root of the project: where Pulumi.yaml stands. */
export const projectDirectory = dirname(dirname(fileURLToPath(import.meta.url)));

/** Says something to the person who runs the script. */
export const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

/** A command line with the option that all scripts have. */
export function stackCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .requiredOption("-s, --stack <name>", "the site, for example home");
}

/**
 * Selects the stack, and makes it on first use where there is a site file for it. With `existing` it makes none: a name or
 * a backend that is wrong would leave an empty stack there, and everything would look new. Throws without a stack.
 */
export async function selectStack(
  name: string,
  { existing = false }: { readonly existing?: boolean } = {},
  workspace: Pick<typeof LocalWorkspace, "createOrSelectStack" | "selectStack"> = LocalWorkspace,
): Promise<Stack> {
  const where = { stackName: name, workDir: projectDirectory };
  const described = existsSync(join(projectDirectory, `Pulumi.${name}.yaml`));
  if (described && !existing) return workspace.createOrSelectStack(where);
  try {
    return await workspace.selectStack(where);
  } catch (error) {
    if (!(error instanceof StackNotFoundError)) throw error;
    throw new Error(
      described
        ? `there is no stack ${name} in this backend; look at PULUMI_BACKEND_URL and at the name, or run without --existing`
        : `there is neither a Pulumi.${name}.yaml nor a stack ${name} in this backend; look at the name`,
      { cause: error },
    );
  }
}

/**
 * Runs `operation` on a stack that an earlier run may have left in disorder: its lock, plugins that still
 * run, operations that the state calls pending. A lock whose holder lives is respected. `prepare` comes before pending
 * operations are settled; `operation` is given the state from before all that.
 */
export async function withRepair<T>(
  stack: Stack,
  operation: (found: StackState) => Promise<T>,
  prepare: () => Promise<void> = () => Promise.resolve(),
): Promise<T> {
  const attempt = async (): Promise<T> => {
    const state = await readState(stack);
    if (state.pending.length > 0) await assertUnlocked(stack, state);
    await prepare();
    if (state.pending.length > 0) await settlePendingOperations(stack, say);
    return operation(state);
  };
  await endOrphans(projectDirectory, say);
  try {
    return await attempt();
  } catch (error) {
    if (!(error instanceof ConcurrentUpdateError)) throw error;
    await releaseStaleLock(stack, error.message, say);
    return attempt();
  }
}

/**
 * Throws ConcurrentUpdateError when another run holds the stack: its pending operations are not ours to settle.
 * Refreshing the stack resource alone takes the lock and asks no provider anything.
 */
async function assertUnlocked(stack: Stack, state: StackState): Promise<void> {
  const root = rootOf(state);
  if (root !== undefined) await stack.refresh({ target: [root.urn], suppressOutputs: true });
}

/**
 * An error for the person. The engine has already printed its diagnostics through onOutput, and its command's text has all of
 * it again: what it ends with is enough. Any other error is told whole, with the commands that it names.
 */
export function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message } = error;
  if (!(error instanceof CommandError)) return message;
  const cause = message.split("\n").filter((line) => /^\s*(error:|stderr: error)/.test(line));
  return cause.length > 0 ? cause.join("\n") : message;
}

/** Ends the process as scripts expect: 0, or 1 with the cause in one paragraph. */
export async function main(run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    say(causeOf(error));
    process.exitCode = 1;
  }
}
