/** What requests that were cut off may have left in the cluster: the engine forgets a creation that failed. */
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { setTimeout as delay } from "node:timers/promises";
import { withCluster } from "../../stacks/doctor/cluster.ts";
import type { ClusterCommand } from "../../stacks/doctor/examined.ts";
import { refusesLogin, unreachableKubernetes } from "../../stacks/parts/cluster/doctor.ts";
import type { Failure } from "../retry/failures.ts";
import {
  provider,
  readState,
  stringInput,
  type PendingOperation,
  type StackState,
} from "../state.ts";
import { skewMs } from "./began.ts";
import { isKnown } from "./known.ts";
import { kubectl, objectOf } from "./object.ts";
import { settleInCluster } from "./pending.ts";

/** How long the API is waited for, and the pause between two questions; in milliseconds. */
const patienceMs = 180_000;
const betweenMs = 2_000;

export interface LostDeps {
  readonly cluster: typeof withCluster;
  readonly pause: (milliseconds: number) => Promise<unknown>;
  /** Milliseconds, growing. */
  readonly now: () => number;
}

/**
 * Waits until the cluster's API answers again, then settles what operations may have left of which the end is not known, as
 * after a kill. `began` is when the first of them can have begun, in milliseconds since 1970.
 * @throws an error that names what is left to the person; everything else is settled then.
 */
export async function settleLost(
  stack: Pick<Stack, "exportStack">,
  lost: readonly Failure[],
  began: number,
  say: (text: string) => void,
  deps: LostDeps = { cluster: withCluster, pause: delay, now: () => performance.now() },
): Promise<void> {
  if (lost.length === 0) return;
  const before = await readState(stack);
  const kubernetes = provider(before, "kubernetes");
  const kubeconfig = kubernetes && stringInput(kubernetes, "kubeconfig");
  if (kubeconfig === undefined) return;
  const operations = (state: StackState): PendingOperation[] =>
    lost.flatMap((failure) => operationOf(failure, state));
  await deps.cluster(kubeconfig, async (cluster) => {
    await untilReady(cluster, operations(before), say, deps);
    // Nobody held the stack's lock meanwhile: another run may have made what this one lost, and have it in the state.
    const state = await readState(stack);
    assertNobodyRuns(state);
    const troubles: string[] = [];
    for (const operation of operations(state)) {
      try {
        await settleInCluster(operation, began - skewMs, cluster, say);
      } catch (error) {
        troubles.push((error as Error).message);
      }
    }
    if (troubles.length > 0) throw new Error(troubles.join("\n"));
  });
}

/** The state has had no pending operations since this run began: those that are there now are a later run's. */
function assertNobodyRuns({ pending }: StackState): void {
  if (pending.length > 0)
    throw new Error(
      "another run changes this stack: what this one lost is not looked for; wait until it has ended, then run this again",
    );
}

/** What a failure would be among the pending operations, if the run had been killed in its place. */
function operationOf({ op = "", resource }: Failure, state: StackState): PendingOperation[] {
  if (resource === undefined || op.startsWith("delete")) return [];
  // A replacement that creates first has a URN that the state knows, and another name.
  if (op.startsWith("create") && !isKnown(resource, state)) return [{ type: "creating", resource }];
  // What failed after it was made is kept: the next run changes it.
  return state.resources.some(
    ({ urn, pendingReplacement }) => urn === resource.urn && pendingReplacement !== true,
  )
    ? [{ type: "updating", resource }]
    : [];
}

async function untilReady(
  cluster: ClusterCommand,
  operations: readonly PendingOperation[],
  say: (text: string) => void,
  { pause, now }: LostDeps,
): Promise<void> {
  const deadline = now() + patienceMs;
  for (let asked = 0; ; asked += 1) {
    const reason = await unreachableKubernetes(cluster);
    if (reason === undefined) return;
    if (now() > deadline || refusesLogin(reason))
      throw new Error(
        [`the cluster's API does not answer: ${reason}`, ...byHand(operations)].join("\n"),
      );
    if (asked === 0)
      say(
        `the cluster's API does not answer (${reason}); waiting up to ${patienceMs / 1000} s until it does`,
      );
    await pause(betweenMs);
  }
}

/** What a person does instead, once the API answers. */
function byHand(operations: readonly PendingOperation[]): string[] {
  const objects = operations.flatMap(({ type, resource }) =>
    type === "creating" ? (objectOf(resource) ?? []) : [],
  );
  if (objects.length === 0) return [];
  return [
    "when it does, these may exist though the state does not know them, and npm run up would find them in its way:",
    ...objects.map((object) => `  ${kubectl("get", object)}`),
  ];
}
