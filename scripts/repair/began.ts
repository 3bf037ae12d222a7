/** When a run that was cut off can have begun: what is older is not of its making. */
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { rootOf, type StackState } from "../state.ts";

/** How far the clocks of this workstation and of the services may be apart. */
export const skewMs = 5 * 60_000;

/** How many of the latest runs are looked at; refreshes among them say nothing. */
const depth = 20;

/**
 * The earliest time at which the run can have begun that left the state's pending operations, in milliseconds since 1970, by
 * the earliest clock; NaN before the stack's first `up`. A file backend tells of a run once it has ended, so that one that
 * was killed has no entry and came after the last that has (pulumi, pkg/backend/diy/backend.go). One that was ended by a
 * second Ctrl-C has an entry, as a failure, and leaves pending operations too; and Pulumi's cloud tells of a run that has
 * not ended: of what did not succeed therefore the beginning counts. Refreshes do not: `withRepair` makes one itself.
 */
export async function cutOffBegan(
  stack: Pick<Stack, "history">,
  state: Pick<StackState, "resources">,
): Promise<number> {
  const runs = await stack.history(depth, 1, false);
  const last = runs.find(({ kind }) => kind === "update" || kind === "destroy");
  const earliest = last?.result === "succeeded" ? last.endTime : last?.startTime;
  const stackBegan = Date.parse(rootOf(state)?.created ?? "");
  return Math.max(stackBegan, earliest?.getTime() ?? -Infinity) - skewMs;
}
