/** Which of a stack's APIs do not answer. */
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { withCluster } from "./kubectl.ts";
import { provider, readState, stringInput } from "./state.ts";

export interface Unreachable {
  readonly api: string;
  readonly reason: string;
}

const patience = 5_000;

/** Why a Proxmox API does not answer; undefined when it does. */
export async function unreachableProxmox(endpoint: string): Promise<string | undefined> {
  try {
    // Any HTTP answer, a refusal too, shows that the API lives; the token is the provider's to judge.
    await fetch(new URL("/api2/json/version", endpoint), { signal: AbortSignal.timeout(patience) });
    return undefined;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return cause instanceof Error ? cause.message : String(cause);
  }
}

/** Why the cluster's API is not ready; undefined when it is. */
export async function unreachableKubernetes(kubeconfig: string): Promise<string | undefined> {
  const answer = await withCluster(kubeconfig, (run) =>
    run("kubectl", ["get", "--raw", "/readyz", `--request-timeout=${patience}ms`]),
  );
  return answer.ok ? undefined : (answer.stderr.split("\n").at(-1) ?? "no answer");
}

/** Asks every API that the state knows of; the list is empty when all answer. */
export async function unreachableApis(stack: Stack): Promise<Unreachable[]> {
  const state = await readState(stack);
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
    const reason = await unreachableKubernetes(kubeconfig);
    if (reason !== undefined) found.push({ api: "the Kubernetes API", reason });
  }
  return found;
}
