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
 * Why a change of a DaemonSet on every node cannot end well now; undefined when it can. Helm and Pulumi wait until it runs in
 * its newest form on every node (helm v3 pkg/kube/ready.go, daemonSetReady; cli-utils pkg/kstatus/status/core.go), and on one
 * that is not Ready it never does: the old pod ends as little as the new one begins. Asked of the first server that answers;
 * where none does, the change fails soon by itself.
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
        `not Ready: ${names}. Its new pod there would be waited for in vain, so nothing was changed: bring ` +
        "the node back (npm run doctor), or take its machine out of homelab:machines first"
      );
    } catch (error) {
      if (!(error instanceof NoConnection)) throw error;
    }
  }
  return undefined;
}

/** Refuses to update a DaemonSet that is waited for, or a release with one, while a node is not Ready. */
export function nodesReadyHook(name: string, nodes: readonly (LookedAt & Reached)[]): ResourceHook {
  return new ResourceHook(`${name}-nodes-ready`, async () => {
    const problem = await unreadyNodes(nodes, hookRun(nodes));
    if (problem !== undefined) throw new Error(`${name}: ${problem}`);
  });
}
