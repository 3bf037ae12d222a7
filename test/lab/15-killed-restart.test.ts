import assert from "node:assert/strict";
import { nodes, readiness } from "./cluster.ts";
import { killedUp, theWholeRun } from "./killed.ts";
import { changeConfig, machine, machines, nothingToChange, proxmox, up } from "./site.ts";
import { given, siteIsUp } from "./states.ts";
import { fault, noFaults } from "./world.ts";

/** Entries of the site file, and what they make: a server and the agent. */
const changed = { "homelab:machines[1]": "proxmox-tank", "homelab:machines[3]": "proxmox-vault" };

/** What a machine has from its host now, whatever waits for its next start. */
async function coresOf(name: string): Promise<string> {
  const { path } = await machine(name);
  return String((await proxmox<{ cores: string }>("home", `${path}/config?current=1`)).cores);
}

describe("a run that is killed while a machine restarts", () => {
  given(siteIsUp);

  afterEach(noFaults);

  /** The machine whose turn it was. */
  let off = "";
  let other = "";
  const cores = new Map<string, string>();

  it("leaves that machine off, and no other", async () => {
    for (const [entry, name] of Object.entries(changed))
      cores.set(name, await changeConfig(`${entry}.cores`, ["11", "12"]));
    // Its guest has shut down, its settings are written, and its start is never answered.
    const start = { service: "proxmox", method: "POST", path: "/status/start" } as const;
    const held = await fault({ ...start, effect: { kind: "hang" } });
    await killedUp(
      async () => assert.ok((await held()) > 0, "no machine was to be started"),
      theWholeRun,
    );
    const stopped = (await machines("home")).filter(({ status }) => status !== "running");
    assert.equal(stopped.length, 1, JSON.stringify(stopped));
    off = stopped[0]?.name ?? "";
    const [rest] = Object.values(changed).filter((name) => name !== off);
    assert.ok(rest !== undefined && Object.values(changed).includes(off), off);
    other = rest;
  });

  it("is followed by one that starts the machine, waits until it is well, and ends whole", async () => {
    const said = await up("home");
    const back = said.indexOf(`${off} is on again: waiting until its node is well`);
    const next = said.indexOf(`${other}: shutting down through its guest`);
    assert.ok(back !== -1 && back < next, said);
    assert.ok(!said.includes(`${off}: shutting down through its guest`), said);
    for (const [name, count] of cores) assert.equal(await coresOf(name), count);
    for (const node of await nodes("home")) {
      assert.equal(readiness(node), "True", node.metadata.name);
      assert.deepEqual(node.spec.taints ?? [], [], node.metadata.name);
    }
    await nothingToChange("home");
  });
});
