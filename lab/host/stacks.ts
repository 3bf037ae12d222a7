/** What Pulumi's file backend says of the stacks of this project, read the way a person reads it: from the files. */
import { watch } from "node:fs";
import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const project = "homelab";

/** One stack's last checkpoint. */
export interface StackState {
  readonly name: string;
  /** The stack's outputs as stored; secret ones are ciphertext. */
  readonly outputs: Readonly<Record<string, unknown>>;
  /** Changes whenever the file is written (milliseconds since the epoch). */
  readonly modified: number;
}

interface Checkpoint {
  checkpoint?: {
    latest?: { resources?: { type: string; outputs?: Record<string, unknown> }[] | null } | null;
  };
}

/** Directory of the file backend that holds the project's stacks. */
export const stacksDirectory = (backend: string): string =>
  join(backend, ".pulumi", "stacks", project);

/** Outputs of the stack resource in a checkpoint file; none for an empty stack. */
export function stackOutputs(text: string): Readonly<Record<string, unknown>> {
  const { checkpoint } = JSON.parse(text) as Checkpoint;
  const root = checkpoint?.latest?.resources?.find(({ type }) => type === "pulumi:pulumi:Stack");
  return root?.outputs ?? {};
}

/** Configuration for BIRD among a stack's outputs (`router.bird`), if there is one. */
export function birdOutput(outputs: Readonly<Record<string, unknown>>): string | undefined {
  return textIn(outputs, "router", "bird");
}

/** The site's names for dnsmasq among a stack's outputs (`names.records.dnsmasq`), if there are any. */
export function namesOutput(outputs: Readonly<Record<string, unknown>>): string | undefined {
  return textIn(outputs, "names", "records", "dnsmasq");
}

function textIn(value: unknown, ...[key, ...path]: readonly string[]): string | undefined {
  if (key === undefined) return typeof value === "string" ? value : undefined;
  if (typeof value !== "object" || value === null) return undefined;
  return textIn((value as Readonly<Record<string, unknown>>)[key], ...path);
}

/** All stacks of a file backend; none before its first use. */
export async function readStacks(backend: string): Promise<StackState[]> {
  const directory = stacksDirectory(backend);
  const stacks: StackState[] = [];
  for (const file of await entries(directory)) {
    if (!file.endsWith(".json")) continue;
    const path = join(directory, file);
    try {
      const { mtimeMs } = await stat(path);
      const outputs = stackOutputs(await readFile(path, "utf8"));
      stacks.push({ name: file.slice(0, -".json".length), outputs, modified: mtimeMs });
    } catch (error) {
      // Removed between listing and reading: it is no stack any more.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
        throw new Error(`${path}: ${String(error)}`);
      }
    }
  }
  return stacks;
}

/** Milliseconds: a run writes its whole state, megabytes of it, at each step, and a stack's outputs only at its end. */
const betweenReadings = 500;

/**
 * Calls `changed` with all stacks now and soon after each write, one call at a time, until `signal` aborts; what goes
 * wrong is given to `failed`.
 */
export async function watchStacks(
  backend: string,
  changed: (stacks: StackState[]) => Promise<void>,
  failed: (error: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  const directory = stacksDirectory(backend);
  await mkdir(directory, { recursive: true });
  let due = true;
  let working = false;
  let earliest = 0;
  const work = async (): Promise<void> => {
    if (working) return;
    working = true;
    while (due && !signal.aborted) {
      // Ends early with the watch.
      await delay(Math.max(0, earliest - performance.now()), undefined, { signal }).catch(
        () => undefined,
      );
      if (signal.aborted) return;
      due = false;
      earliest = performance.now() + betweenReadings;
      try {
        await changed(await readStacks(backend));
      } catch (error) {
        failed(error);
      }
    }
    working = false;
  };
  watch(directory, { signal }, () => {
    due = true;
    void work();
  }).on("error", failed);
  await work();
}

async function entries(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
