/** One kubeconfig for all stacks: a context for each, under the stack's name. */
import { parse, stringify } from "yaml";
import { z } from "zod";

const kubeconfig = z.object({
  clusters: z.array(z.object({ cluster: z.record(z.string(), z.unknown()) })).min(1),
  users: z.array(z.object({ user: z.record(z.string(), z.unknown()) })).min(1),
});

/** A stack and its `kubeconfig` output (YAML or JSON). */
export interface StackKubeconfig {
  readonly stack: string;
  readonly kubeconfig: string;
}

/**
 * Joins the stacks' kubeconfigs. The current context is `home` when it exists, else the first. Throws an error that
 * names the stack whose output is no kubeconfig.
 */
export function mergeKubeconfigs(stacks: readonly StackKubeconfig[]): string {
  const parsed = stacks.map(({ stack, kubeconfig: text }) => {
    const result = kubeconfig.safeParse(parse(text));
    const [cluster, user] = [result.data?.clusters[0], result.data?.users[0]];
    if (cluster === undefined || user === undefined) {
      throw new Error(`stack ${stack}: its output kubeconfig is not a kubeconfig`);
    }
    return { name: stack, cluster: cluster.cluster, user: user.user };
  });
  const names = parsed.map(({ name }) => name);
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: parsed.map(({ name, cluster }) => ({ name, cluster })),
    users: parsed.map(({ name, user }) => ({ name, user })),
    contexts: names.map((name) => ({ name, context: { cluster: name, user: name } })),
    "current-context": names.includes("home") ? "home" : (names[0] ?? ""),
  });
}
