/** Which of a stack's APIs do not answer. */
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { endedLogin, unreachableKubernetes } from "../stacks/parts/cluster/doctor.ts";
import { unreachableProxmox } from "../stacks/parts/proxmox/doctor/api.ts";
import { withCluster } from "../stacks/doctor/cluster.ts";
import { provider, readState, stringInput, type StackState } from "./state.ts";

export interface Unreachable {
  readonly api: string;
  readonly reason: string;
}

/** Asks every API that the state knows of; the list is empty when all answer. */
export async function unreachableApis(state: StackState): Promise<Unreachable[]> {
  const found: Unreachable[] = [];
  const proxmoxProvider = provider(state, "proxmoxve");
  const endpoint = proxmoxProvider && stringInput(proxmoxProvider, "endpoint");
  if (endpoint !== undefined) {
    const reason = await unreachableProxmox(endpoint);
    if (reason !== undefined) found.push({ api: `the Proxmox API at ${endpoint}`, reason });
  }
  const kubernetesProvider = provider(state, "kubernetes");
  const kubeconfig = kubernetesProvider && stringInput(kubernetesProvider, "kubeconfig");
  if (kubeconfig !== undefined) {
    const reason = await withCluster(kubeconfig, unreachableKubernetes);
    if (reason !== undefined) {
      const ended = endedLogin(kubeconfig);
      found.push({
        api: "the Kubernetes API",
        reason: ended === undefined ? reason : `${ended}; npm run up renews it`,
      });
    }
  }
  return found;
}

/**
 * Throws when the state's login to the cluster has ended: a refresh asks with that login before the program can renew it,
 * and takes what it cannot see for a failure.
 */
export async function assertLoginLasts(stack: Stack): Promise<void> {
  const known = provider(await readState(stack), "kubernetes");
  const kubeconfig = known && stringInput(known, "kubeconfig");
  const ended = kubeconfig === undefined ? undefined : endedLogin(kubeconfig);
  if (ended !== undefined)
    throw new Error(`${ended}: run this without --refresh first; npm run up renews it`);
}
