import assert from "node:assert/strict";
import { nodes, readiness } from "./cluster.ts";
import { attempt, refused, run } from "./command.ts";
import { machines, nothingToChange, proxmox, up, eventually } from "./site.ts";
import { given, siteIsUp } from "./states.ts";

/** What a snapshot holds, and what came after it. */
const kept = "before-the-snapshot";
const lost = "after-the-snapshot";

const hasConfigMap = async (name: string): Promise<boolean> =>
  (await attempt`kubectl --context home get configmap ${name}`).code === 0;

describe("a site whose machines are all lost", () => {
  given(siteIsUp);

  let snapshot: string;

  it("has a snapshot off the machines, in the store that its file names", async () => {
    await run`kubectl --context home create configmap ${kept}`;
    const { code, stderr } = await attempt`node scripts/snapshot.ts --stack home`;
    assert.equal(code, 0, stderr);
    snapshot = /and in the store: .*\/(on-demand-\S+)/.exec(stderr)?.[1] ?? "";
    assert.match(snapshot, /^on-demand-proxmox-stone-\d+$/, stderr);
    await run`kubectl --context home create configmap ${lost}`;
  });

  it("is not restored while it lives", async () => {
    const said = await refused`node scripts/restore.ts --stack home --snapshot ${snapshot} --yes`;
    assert.match(said, /proxmox-stone: its API is ready, the cluster lives/);
    assert.match(said, /ssh root@proxmox-stone rke2-killall\.sh/);
    assert.ok(await hasConfigMap(lost));
  });

  it("is built anew and begins again from the snapshot", async () => {
    for (const { vmid, node } of await machines("home")) {
      await proxmox("home", `nodes/${node}/qemu/${vmid}/status/stop`, "POST");
      await eventually(20, async () => {
        await proxmox("home", `nodes/${node}/qemu/${vmid}`, "DELETE");
      });
    }
    await eventually(20, async () => assert.deepEqual(await machines("home"), []));
    await run`node scripts/restore.ts --stack home --snapshot ${snapshot} --yes`;
    assert.ok(await hasConfigMap(kept), "the snapshot's object is not there");
    assert.ok(!(await hasConfigMap(lost)), "what came after the snapshot is there");
  });

  it("is whole after the next up, with every machine in the old cluster", async () => {
    await up("home", "--refresh");
    const seen = await nodes("home");
    assert.deepEqual(
      seen.map((node) => `${node.metadata.name} ${readiness(node)}`).sort(),
      ["stone", "tank", "titan", "vault"].map((host) => `proxmox-${host} True`),
    );
    assert.ok(await hasConfigMap(kept));
    await nothingToChange("home");
  });
});
