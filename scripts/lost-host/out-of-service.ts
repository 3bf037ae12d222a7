/** What tells Kubernetes that a machine never comes back. */
import { setTimeout as delay } from "node:timers/promises";
import { outOfService } from "../../components/rke2/config.ts";
import type { ClusterCommand } from "../../stacks/doctor/examined.ts";

/** The control plane's address moves to another server within this time, when the machine that is lost had it. */
const [tries, betweenMs] = [4, 10_000];

/** Marks nodes, and says of each what happened; one that the cluster does not know is left out. */
export async function markOutOfService(
  nodes: readonly string[],
  cluster: ClusterCommand,
  say: (text: string) => void,
  pause: (milliseconds: number) => Promise<unknown> = delay,
): Promise<void> {
  for (const node of nodes) {
    const failure = await taint(node, cluster, pause);
    if (failure === undefined) say(`${node}: its pods start elsewhere now`);
    else if (!failure.includes("NotFound"))
      say(
        `${node}: the cluster was not told that it is gone, so that its pods start elsewhere minutes later; once it answers: ` +
          `kubectl taint node ${node} ${outOfService} (${failure})`,
      );
  }
}

/** Why a node could not be marked. */
async function taint(
  node: string,
  cluster: ClusterCommand,
  pause: (milliseconds: number) => Promise<unknown>,
): Promise<string | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    const args = ["taint", "node", node, outOfService, "--overwrite", "--request-timeout=15s"];
    const { ok, stderr } = await cluster("kubectl", args);
    if (ok) return undefined;
    if (stderr.includes("NotFound") || attempt === tries) return stderr;
    await pause(betweenMs);
  }
}
