/** What a site's cluster says of its nodes, and what both ends of its BGP sessions say. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { labStatus } from "../../lab/lab.ts";
import type { BgpNodeConfig, NodeObject } from "../../lab/shell/summary.ts";
import { kubectl, paths, run } from "./command.ts";

/** A node with what keeps pods away from it. */
export type Node = NodeObject & {
  readonly spec: { readonly taints?: readonly { readonly key: string }[] };
};

export async function nodes<T extends NodeObject = Node>(site: string): Promise<readonly T[]> {
  return (await kubectl<{ items: T[] }>`--context ${site} get nodes`).items;
}

export const node = async <T extends NodeObject = Node>(name: string): Promise<T> =>
  kubectl<T>`--context home get node ${name}`;

/** Status of the condition Ready: `True`, `False` or `Unknown`. */
export const readiness = ({ status }: NodeObject): string | undefined =>
  status.conditions.find(({ type }) => type === "Ready")?.status;

/** Several may be at it at once. */
let files = 0;

/** Applies objects to home's cluster, or deletes them and waits until they are gone. */
export async function kubernetes(
  verb: "apply" | "delete",
  items: readonly object[],
): Promise<void> {
  const file = join(paths.run, `objects-${(files += 1)}.json`);
  await writeFile(file, JSON.stringify({ apiVersion: "v1", kind: "List", items }));
  const wait = verb === "delete" ? ["--ignore-not-found", "--timeout=90s"] : [];
  await run`kubectl --context home ${verb} -f ${file} ${wait}`;
}

/** Name of the machine that holds the address of home's control plane. */
export async function addressHolder(): Promise<string> {
  const { spec } = await kubectl<{
    spec: { holderIdentity: string };
  }>`--context home get lease -n kube-system plndr-cp-lock`;
  return spec.holderIdentity;
}

/** Fails unless the nodes' side and the router's side both count `expected` established sessions. */
export async function expectSessions(site: string, expected: number): Promise<void> {
  const { items } = await kubectl<{
    items: BgpNodeConfig[];
  }>`--context ${site} get ciliumbgpnodeconfigs`;
  const states = items.flatMap(({ status }) =>
    (status?.bgpInstances ?? []).flatMap(({ peers }) =>
      (peers ?? []).map((peer) => peer.peeringState),
    ),
  );
  assert.deepEqual(states, Array<string>(expected).fill("established"));
  const router = await routerOf(site);
  const up = router.sessions.filter(({ state }) => state.toLowerCase() === "established");
  assert.equal(up.length, expected, JSON.stringify(router.sessions));
}

/** A site's router, as the lab shows it. */
export async function routerOf(site: string) {
  const { routers } = await labStatus();
  const router = routers.find((candidate) => candidate.site === site);
  assert.ok(router, `the lab has no router of ${site}`);
  return router;
}

/** Prefixes that the site's router learned by BGP. */
export async function learnedRoutes(site: string): Promise<readonly string[]> {
  return (await routerOf(site)).routes.map(({ prefix }) => prefix);
}
