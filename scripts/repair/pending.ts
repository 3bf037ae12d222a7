/** Operations that the state calls pending because their run was killed. */
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import type { ClusterCommand } from "../../stacks/doctor/examined.ts";
import { endedLogin } from "../../stacks/parts/cluster/doctor.ts";
import { withCluster } from "../../stacks/doctor/cluster.ts";
import { readOutside } from "../departure/outside.ts";
import { cutOffBegan } from "./began.ts";
import { isKnown } from "./known.ts";
import { removeObject } from "./object.ts";
import {
  provider,
  nameOf,
  readState,
  stringInput,
  withoutPending,
  type PendingOperation,
  type StackState,
  type StateResource,
} from "../state.ts";
import { forgetReleaseRecord, release, rollBackRelease } from "./release.ts";
import { removeEmptyPool } from "./pool.ts";
import { leavesStray, removeStrays } from "./strays.ts";

const pool = "proxmoxve:index/poolLegacy:PoolLegacy";

const isObject = ({ type }: StateResource): boolean => type.startsWith("kubernetes:");

async function settlePool(
  { type, resource }: PendingOperation,
  endpoint: string,
  say: (text: string) => void,
): Promise<void> {
  if (resource.type !== pool || type !== "creating") return;
  const [poolId, comment] = ["poolId", "comment"].map((input) => stringInput(resource, input));
  await removeEmptyPool(endpoint, poolId, comment, say);
}

/**
 * Settles what an operation of which the end is not known may have left in the cluster. `since` (milliseconds) is when that
 * can have begun; what is older is somebody else's.
 */
export async function settleInCluster(
  { type, resource }: PendingOperation,
  since: number,
  cluster: ClusterCommand,
  say: (text: string) => void,
): Promise<void> {
  if (!isObject(resource)) return;
  if (resource.type === release && type === "creating")
    return forgetReleaseRecord(resource, since, cluster, say);
  if (resource.type === release && type === "updating")
    return rollBackRelease(resource, cluster, say);
  if (type === "creating") return removeObject(resource, since, cluster, say);
}

/**
 * What an operation is by the state: a creation of what the state has is a change. The engine keeps each pending creation
 * until it is taken out, through later runs and imports that have made the object (pulumi, pkg/backend/snapshot.go).
 */
const asKnown = (operation: PendingOperation, state: StackState): PendingOperation =>
  operation.type === "creating" && isKnown(operation.resource, state)
    ? { ...operation, type: "updating" }
    : operation;

/**
 * Brings the world and the state together again after a kill, then takes the pending operations out of the
 * state. What is not named here is safe to run again as it is: steps on machines wait for one that still runs,
 * and a machine that the host finished creating is recognised by its tags.
 */
export async function settlePendingOperations(
  stack: Stack,
  say: (text: string) => void,
  inCluster: typeof withCluster = withCluster,
): Promise<void> {
  const state = await readState(stack);
  if (state.pending.length === 0) return;
  const operations = state.pending.map(({ type, resource }) => `${type} ${nameOf(resource)}`);
  say(`repair: a run was killed while ${operations.join(", ")}`);
  const kubernetes = provider(state, "kubernetes");
  const kubeconfig = kubernetes && stringInput(kubernetes, "kubeconfig");
  const ended = kubeconfig === undefined ? undefined : endedLogin(kubeconfig);
  if (ended !== undefined && state.pending.some(({ resource }) => isObject(resource)))
    throw new Error(
      `${ended}, and what a killed run has left in the cluster cannot be seen with it: pulumi up --stack ${stack.name} ` +
        "renews it, and may create some of that again; then run this once more",
    );
  const proxmox = provider(state, "proxmoxve");
  const endpoint = proxmox && stringInput(proxmox, "endpoint");
  const since = await cutOffBegan(stack, state);
  const settleAll = async (cluster?: ClusterCommand): Promise<void> => {
    for (const operation of state.pending) {
      if (endpoint !== undefined) await settlePool(operation, endpoint, say);
      if (cluster === undefined) continue;
      await settleInCluster(asKnown(operation, state), since, cluster, say);
    }
  };
  if (kubeconfig === undefined) await settleAll();
  else await inCluster(kubeconfig, settleAll);
  if (state.pending.some(leavesStray)) {
    await removeStrays(stack.name, state, await readOutside(stack, state), since, say);
  }
  await stack.importStack(withoutPending(state.deployment));
}
