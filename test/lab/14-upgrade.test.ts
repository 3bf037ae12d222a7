import assert from "node:assert/strict";
import { expectSessions, nodes, readiness } from "./cluster.ts";
import { refused, run } from "./command.ts";
import { expectNoError } from "./doctor.ts";
import { expectNoSilence, watchedUp } from "./probes.ts";
import {
  after,
  before,
  releaseKey as key,
  releases,
  siteHasTheOlderRelease,
} from "./older-release.ts";
import { eventually, nothingToChange, setConfig } from "./site.ts";
import { given, labRuns } from "./states.ts";

const servers = ["proxmox-stone", "proxmox-tank", "proxmox-titan"];
const all = [...servers, "proxmox-vault"];

/** When a file of a machine was written last, in seconds. */
const written = async (name: string, file: string): Promise<number> =>
  Number(await run`ssh ${name} stat -c %.Y ${file}`);

/** Snapshots that an upgrade has left on a machine, with their paths. */
async function snapshots(name: string): Promise<readonly string[]> {
  // A server that has saved none has no folder for them either.
  const folder = "/var/lib/rancher/rke2/server/db";
  const files = await run`ssh ${name} find ${folder} -name ${"pre-upgrade-*"} -type f`;
  return files.split("\n").filter(Boolean);
}

describe("a newer release of RKE2", () => {
  given(labRuns, siteHasTheOlderRelease);

  let said = "";

  it("comes in one up, while API, address and published name answer", async () => {
    assert.deepEqual(await releases(), Array<string>(4).fill(before));
    await setConfig(key, after);
    const seen = await watchedUp();
    said = seen.said;
    expectNoSilence(seen);
    assert.deepEqual(seen.off, [], "a machine restarted");
    assert.deepEqual(await releases(), Array<string>(4).fill(after));
  });

  it("comes after a snapshot that the first server has saved, and no other", async () => {
    const [first = "", ...others] = servers;
    const saved = await snapshots(first);
    assert.equal(saved.length, 1, saved.join());
    const changed = await written(first, "/var/lib/homelab/installed");
    assert.ok((await written(first, saved[0] ?? "")) <= changed, "it was saved too late");
    for (const name of others) assert.deepEqual(await snapshots(name), []);
  });

  it("came to one node after the other, servers first, each once the one before was done", async () => {
    let done = 0;
    for (const name of all) {
      const begun = await written(name, "/var/lib/homelab/installed");
      assert.ok(
        begun > done,
        `${name} began at ${begun}, when the one before was not done: ${done}`,
      );
      done = await written(name, "/var/lib/homelab/applied");
    }
  });

  it("moved each node's pods away, and lets them in again", async () => {
    for (const name of all)
      assert.ok(said.includes(`moving the pods of ${name}, 120 s at most`), said);
    for (const node of await nodes("home")) {
      assert.equal(readiness(node), "True", node.metadata.name);
      assert.deepEqual(node.spec.taints ?? [], [], node.metadata.name);
    }
  });

  it("leaves a site that the doctor finds sound", async () => {
    await eventually(60, () => expectSessions("home", 4));
    await nothingToChange("home");
    await expectNoError();
  });

  it("cannot be gone back from, which a preview says before anything is changed", async () => {
    await setConfig(key, before);
    try {
      const text = await refused`node scripts/preview.ts --stack home`;
      assert.ok(text.includes(`${key}: ${before} is older than ${after}, which runs`), text);
    } finally {
      await setConfig(key, after);
    }
    assert.deepEqual(await releases(), Array<string>(4).fill(after));
  });
});
