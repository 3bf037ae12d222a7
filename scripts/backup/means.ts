/** What a restore asks the cluster with, and how it waits. */
import { setTimeout as pause } from "node:timers/promises";
import type { ClusterCommand } from "../../stacks/doctor/examined.ts";
import { kubectl } from "../../stacks/doctor/kubectl.ts";

/** What tests put in the place of time and of a person. */
export interface Means {
  readonly run: ClusterCommand;
  readonly tell: (text: string) => void;
  readonly pause?: (milliseconds: number) => Promise<unknown>;
  /** Marks this run. */
  readonly tag?: string;
}

/** Between two looks, in milliseconds. */
export const interval = 3_000;
export const minutes = (number: number): number => number * 60_000;

export const ask = (
  { run }: Means,
  namespace: string,
  ...args: readonly string[]
): Promise<string> => kubectl(run, "-n", namespace, ...args);

/** Until the next look. */
export async function wait(means: Means): Promise<void> {
  await (means.pause ?? pause)(interval);
}
