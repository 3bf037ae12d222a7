import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { nodes } from "./cluster.ts";
import { paths, run } from "./command.ts";
import { killedUp, theWholeRun } from "./killed.ts";
import { expectNoSilence, watchedUp, type Seen } from "./probes.ts";
import { machine, machines, nothingToChange, proxmox, setConfig } from "./site.ts";
import { given, siteIsUp } from "./states.ts";
import { fault, noFaults } from "./world.ts";

const servers = ["proxmox-stone", "proxmox-tank", "proxmox-titan"];

/** A call that takes a machine's power away. */
const cut = /POST .*\/status\/stop/;

/** Lines of the log of home's Proxmox with a call like it. */
async function calls(pattern: RegExp): Promise<number> {
  const log = await readFile(join(paths.logs, "proxmox-home.log"), "utf8");
  return log.split("\n").filter((line) => pattern.test(line)).length;
}

async function memoryOf(name: string): Promise<number> {
  const { path } = await machine(name);
  return Number((await proxmox<{ memory: string }>("home", `${path}/config?current=1`)).memory);
}

describe("a change that restarts every machine", () => {
  given(siteIsUp);
  afterEach(noFaults);

  let seen: Seen & { readonly said: string };
  let memory: number;
  let cuts: number;
  /** The machine that was off when its run was killed. */
  let off = "";

  before("ask for more memory in the servers and another DNS server in all", async () => {
    const gib = (await memoryOf("proxmox-stone")) / 1024;
    // Something else in each run, and no more than the hosts have.
    memory = 1024 * (gib % 2 === 0 ? gib + 1 : gib - 1);
    for (const index of [0, 1, 2])
      await setConfig(`homelab:machines[${index}].memoryGiB`, String(memory / 1024));
    await setConfig("homelab:site.dns[0]", "192.168.1.1");
    await setConfig("homelab:site.dns[1]", gib % 2 === 0 ? "1.1.1.1" : "9.9.9.9");
  });

  it("says beforehand which machines, why, and how long", async () => {
    const text = await run`pulumi preview --stack home`;
    assert.match(text, /4 machines restart, one after the other/);
    assert.match(text, /About 20 minutes in all\. The Kubernetes API answers meanwhile/);
    assert.match(text, new RegExp(`proxmox-tank: memory \\d+ MiB to ${memory} MiB; DNS servers`));
    assert.match(text, /proxmox-vault: DNS servers/);
  });

  it("leaves the machine off whose turn it is when the run is killed, and no other", async () => {
    cuts = await calls(cut);
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
  });

  it("goes on with that machine, and takes the others down one at a time, through their guests", async () => {
    seen = await watchedUp();
    const back = seen.said.indexOf(`${off} is on again: waiting until its node is well`);
    const next = seen.said.search(/: shutting down through its guest/);
    assert.ok(back !== -1 && back < next, seen.said);
    assert.ok(!seen.said.includes(`${off}: shutting down through its guest`), seen.said);
    assert.deepEqual(
      seen.off.map((names) => names.join()).sort(),
      [...servers, "proxmox-vault"],
      JSON.stringify(seen.off),
    );
    assert.equal(await calls(cut), cuts, "a machine's power was cut");
  });

  it("keeps API, address and published name silent for no longer than a failover", () => {
    expectNoSilence(seen);
  });

  it("leaves every machine with its new settings, and takes pods again", async () => {
    for (const name of servers) assert.equal(await memoryOf(name), memory);
    for (const { vmid, node } of await machines("home")) {
      const path = `nodes/${node}/qemu/${vmid}`;
      const settings = await proxmox<{ key: string; pending?: string }[]>(
        "home",
        `${path}/pending`,
      );
      assert.deepEqual(
        settings.filter(({ pending }) => pending !== undefined),
        [],
      );
      await proxmox("home", `${path}/agent/ping`, "POST");
    }
    for (const { metadata, spec } of await nodes("home"))
      assert.deepEqual(spec.taints ?? [], [], metadata.name);
    await nothingToChange("home");
  });

  it("sent no machine away before its sessions with the router had ended, and has them all again", async () => {
    for (const name of [...servers, "proxmox-vault"].filter((each) => each !== off))
      assert.ok(seen.said.includes(`${name} has left BGP`), seen.said);
    assert.equal(await run`kubectl --context home get nodes -l homelab/bgp -o name`, "");
    const states =
      await run`kubectl --context home get ciliumbgpnodeconfigs -o ${"jsonpath={.items[*].status.bgpInstances[*].peers[*].peeringState}"}`;
    assert.equal(states, "established established established established");
  });

  it("is what `npm run reboot` does with a machine that nothing changes for", async () => {
    const begun = Date.now();
    await run`node scripts/reboot.ts --stack home --machine proxmox-vault`;
    assert.ok((await uptime("proxmox-vault")) * 1000 < Date.now() - begun);
    for (const { metadata, spec } of await nodes("home"))
      assert.deepEqual(spec.taints ?? [], [], metadata.name);
  });
});

async function uptime(name: string): Promise<number> {
  const { path } = await machine(name);
  return (await proxmox<{ uptime: number }>("home", `${path}/status/current`)).uptime;
}
