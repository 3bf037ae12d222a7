import { ResourceHook, log } from "@pulumi/pulumi";
import { hookRun, type Reached } from "../remote/ssh-login.ts";
import type { SshRun } from "../remote/ssh.ts";
import { scriptInput, scriptText } from "../remote/shell.ts";
import { rke2Script } from "../rke2/scripts.ts";

const script = rke2Script + scriptText(import.meta.url, "pull.sh");

/** The image of Cilium's agents, as the chart of the same version has it (1.19.6, values.yaml, image). */
export const agentImage = (version: string): string => `quay.io/cilium/cilium:v${version}`;

/** Why an image is not on every node; undefined once it is. All nodes fetch it side by side. */
export async function pullProblem(
  image: string,
  nodes: readonly Pick<Reached, "address">[],
  run: SshRun,
): Promise<string | undefined> {
  const input = scriptInput(script, { IMAGE: image });
  const pulls = nodes.map(({ address }) => run(address, input, { seconds: 1700 }));
  const failed = (await Promise.allSettled(pulls)).flatMap((pull) =>
    pull.status === "rejected" ? [(pull.reason as Error).message] : [],
  );
  if (failed.length === 0) return undefined;
  return `${failed.join("; ")}. Agents end before their new image is fetched, so nothing was changed: run this again once it can be`;
}

/**
 * Fetches the agents' next image before any of them ends. Kubernetes ends a pod first and fetches the image then, and without
 * its agent a node's pods look up no names; after the sessions' restart time routers drop its routes as well.
 * @see https://docs.cilium.io/en/v1.19/operations/upgrade/#running-pre-flight-check-required
 */
export function imagePullHook(version: string, nodes: readonly Reached[]): ResourceHook {
  return new ResourceHook("cilium-image", async ({ oldInputs }) => {
    const before = (oldInputs as { readonly version?: unknown } | undefined)?.version;
    if (before === version) return;
    const image = agentImage(version);
    void log.info(`cilium: all nodes fetch ${image}`);
    const problem = await pullProblem(image, nodes, hookRun(nodes));
    if (problem !== undefined) throw new Error(`cilium: ${problem}`);
  });
}
