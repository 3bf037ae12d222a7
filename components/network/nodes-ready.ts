import { ResourceHook } from "@pulumi/pulumi";
import type { Machine } from "../machine.ts";
import { hookRun, type Reached } from "../remote/ssh-login.ts";
import { NoConnection, type SshRun } from "../remote/ssh.ts";
import { scriptText } from "../remote/shell.ts";
import { rke2Script } from "../rke2/scripts.ts";

const script = rke2Script + scriptText(import.meta.url, "unready.sh");

/** A node, as far as a look at all of them goes. */
export type LookedAt = Pick<Machine, "name" | "address" | "role">;

/**
 * Why a change of a DaemonSet on every node cannot end well now; undefined when it can. Helm waits until it runs in its new
 * form on all but as many nodes as may be away (helm v3 pkg/kube/ready.go, daemonSetReady), and on a node that is not Ready
 * it never does. Asked of the first server that answers; where none does, Helm's own words say so soon.
 */
export async function unreadyNodes(
  nodes: readonly LookedAt[],
  run: SshRun,
): Promise<string | undefined> {
  for (const { address } of nodes.filter(({ role }) => role === "server")) {
    try {
      const names = (await run(address, script)).trim();
      if (names === "") return undefined;
      return (
        `not Ready: ${names}. Helm would wait 15 minutes for Cilium on it and then fail, so nothing was changed: bring ` +
        "the node back (npm run doctor), or take its machine out of homelab:machines first"
      );
    } catch (error) {
      if (!(error instanceof NoConnection)) throw error;
    }
  }
  return undefined;
}

/** Refuses to update a release while a node is not Ready. */
export function nodesReadyHook(name: string, nodes: readonly (LookedAt & Reached)[]): ResourceHook {
  return new ResourceHook(`${name}-nodes-ready`, async () => {
    const problem = await unreadyNodes(nodes, hookRun(nodes));
    if (problem !== undefined) throw new Error(`${name}: ${problem}`);
  });
}
