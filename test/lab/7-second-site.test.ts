import assert from "node:assert/strict";
import { expectSessions } from "./bgp.ts";
import { eventually, kubectl, machines, run, up } from "./site.ts";
import type { NodeObject } from "../../lab/summary.ts";

describe("a second site", () => {
  it("comes up with the first still there", async () => {
    await up("cabin");
    const { items } = await kubectl<{ items: NodeObject[] }>("cabin", "get", "nodes");
    assert.deepEqual(
      items.map(({ metadata }) => metadata.name),
      ["proxmox-hut"],
    );
    await eventually(60, () => expectSessions("cabin", 1));
    assert.equal((await kubectl<{ items: unknown[] }>("home", "get", "nodes")).items.length, 4);
    await expectSessions("home", 4);
    assert.equal((await machines("home")).length, 4);
  });

  it("goes without touching the first", async () => {
    await run("node", "scripts/destroy.ts", "--stack", "cabin", "--yes");
    assert.deepEqual(await machines("cabin"), []);
    assert.equal((await machines("home")).length, 4);
  });
});
