/** A cluster whose API does not answer: its objects go with its machines. */
import { setTimeout as delay } from "node:timers/promises";
import { storageGone } from "../../components/storage/proof.ts";
import type { ClusterCommand } from "../../stacks/doctor/examined.ts";
import {
  endedLogin,
  refusesLogin,
  unreachableKubernetes,
} from "../../stacks/parts/cluster/doctor.ts";
import { withCluster } from "../../stacks/doctor/cluster.ts";
import { provider, stringInput, type StackState, type StateResource } from "../state.ts";

/** How often the API is asked before it counts as dead, and the pause in between in milliseconds. */
const tries = 6;
const betweenMs = 5_000;

/**
 * Objects of the cluster that the state holds or calls pending; not the provider itself. The step that waits for the end of
 * some of them is one of them: it asks the same API.
 */
export function clusterObjects(state: StackState): readonly StateResource[] {
  return [...state.resources, ...state.pending.map(({ resource }) => resource)].filter(
    ({ type, urn }) => type.startsWith("kubernetes:") || urn.endsWith(`::${storageGone}-command`),
  );
}

/**
 * Why the cluster's API does not answer, or undefined when it does or the state holds nothing of a cluster. Asked for
 * half a minute: a server that restarts is not dead.
 * @throws an error when the API answers and refuses the state's login: a cluster that can say no is not dead, and its
 * objects are not forgotten.
 */
export async function deadCluster(
  state: StackState,
  run: <T>(
    kubeconfig: string,
    action: (run: ClusterCommand) => Promise<T>,
  ) => Promise<T> = withCluster,
  pause: (milliseconds: number) => Promise<unknown> = delay,
): Promise<string | undefined> {
  const known = provider(state, "kubernetes");
  const kubeconfig = known && stringInput(known, "kubeconfig");
  if (kubeconfig === undefined || clusterObjects(state).length === 0) return undefined;
  return run(kubeconfig, async (command) => {
    for (let attempt = 1; ; attempt += 1) {
      const reason = await unreachableKubernetes(command);
      if (reason !== undefined && refusesLogin(reason))
        throw new Error(
          `the Kubernetes API answers and refuses the state's login (${endedLogin(kubeconfig) ?? reason}); npm run up renews ` +
            "it, then destroy again. If the cluster is lost for good, stop its machines first: an API that does not " +
            "answer is taken for dead",
        );
      if (reason === undefined || attempt === tries) return reason;
      await pause(betweenMs);
    }
  });
}
