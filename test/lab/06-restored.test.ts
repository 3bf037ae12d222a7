import assert from "node:assert/strict";
import { nodes, readiness } from "./cluster.ts";
import { attempt, refused, run } from "./command.ts";
import { machines, nothingToChange, proxmox, up, eventually } from "./site.ts";
import { given, siteIsUp } from "./states.ts";

/** What a snapshot holds, and what came after it. */
const kept = "before-the-snapshot";
const lost = "after-the-snapshot";

/** Which of the two the cluster has. Throws while its address answers nobody. */
async function found(): Promise<readonly string[]> {
  const names = (await run`kubectl --context home get configmaps --output name`).split("\n");
  return [kept, lost].filter((name) => names.includes(`configmap/${name}`));
}

describe("a site whose machines are all lost", () => {
  given(siteIsUp);

  let snapshot: string;

  it("has a snapshot off the machines, in the store that its file names", async () => {
    // A run before this one has left them.
    await run`kubectl --context home delete configmap --ignore-not-found ${kept} ${lost}`;
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
    assert.deepEqual(await found(), [kept, lost]);
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
    // The cluster's address moves once the lease has ended that the snapshot holds.
    await eventually(60, async () => assert.deepEqual(await found(), [kept]));
  });

  it("is whole after the next up, with every machine in the old cluster", async () => {
    await up("home", "--refresh");
    const seen = await nodes("home");
    assert.deepEqual(
      seen.map((node) => `${node.metadata.name} ${readiness(node)}`).sort(),
      ["stone", "tank", "titan", "vault"].map((host) => `proxmox-${host} True`),
    );
    assert.deepEqual(await found(), [kept]);
    await nothingToChange("home");
  });
});
