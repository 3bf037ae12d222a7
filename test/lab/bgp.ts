/** What both ends of the BGP sessions say. */
import assert from "node:assert/strict";
import type { BgpNodeConfig } from "../../lab/shell/summary.ts";
import { kubectl, labStatus } from "./site.ts";

/** Fails unless the nodes' side and the router's side both count `expected` established sessions. */
export async function expectSessions(site: string, expected: number): Promise<void> {
  const { items } = await kubectl<{ items: BgpNodeConfig[] }>(site, "get", "ciliumbgpnodeconfigs");
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

async function routerOf(site: string) {
  const { routers } = await labStatus();
  const router = routers.find((candidate) => candidate.site === site);
  assert.ok(router, `the lab has no router of ${site}`);
  return router;
}

/** Prefixes that the site's router learned by BGP. */
export async function learnedRoutes(site: string): Promise<readonly string[]> {
  return (await routerOf(site)).routes.map(({ prefix }) => prefix);
}
