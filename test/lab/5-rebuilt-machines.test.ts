import assert from "node:assert/strict";
import { expectSessions } from "./bgp.ts";
import { bad, doctor } from "./doctor.ts";
import { identities } from "./identities.ts";
import { eventually, refused, run } from "./site.ts";

/** A server and an agent; the first gets another VM id, the second another host. */
const rebuilt = ["proxmox-tank", "proxmox-vault"];
const kept = ["proxmox-stone", "proxmox-titan"];
const all = [...kept, ...rebuilt].sort();

const setConfig = (path: string, value: string): Promise<string> =>
  run("pulumi", "config", "set", "--stack", "home", "--path", path, value);

const zone = "topology.kubernetes.io/zone";
const generation = "homelab/generation";

describe("machines that are built anew", () => {
  let before: Awaited<ReturnType<typeof identities>>;

  it("are refused until allowReplace names them, and nothing is changed", async () => {
    before = await identities();
    assert.deepEqual(before.counts, [4, 4, 3, 4]);
    await setConfig("homelab:machines[1].vmId", "132");
    await setConfig("homelab:machines[3].host", "tank");
    const said = await refused("node", "scripts/up.ts", "--stack", "home");
    assert.match(said, /proxmox-tank\): its VM id is 122 now, the config says 132: this would/);
    assert.match(said, /proxmox-vault\): it runs on vault now, the config says tank: this would/);
    for (const name of rebuilt) assert.match(said, new RegExp(`name ${name} under homelab:allow`));
    assert.match(said, /nothing was changed/);
    assert.doesNotMatch(said, /(creating|updating|deleting|replacing)/);
    // A node's own object goes on changing: kubelets report.
    assert.deepEqual({ ...(await identities()), nodes: [] }, { ...before, nodes: [] });
  });

  it("leave Proxmox, etcd, the cluster and the tailnet, and their successors join", async () => {
    for (const [i, name] of rebuilt.entries()) await setConfig(`homelab:allowReplace[${i}]`, name);
    await run("node", "scripts/up.ts", "--stack", "home");
    // The up ends with a healthy site, so nothing here has to be waited for.
    const now = await identities();
    assert.deepEqual(now.counts, before.counts);
    assert.deepEqual([now.names, now.learners], [all, []]);
    assert.deepEqual(
      [now.vm.get("proxmox-tank")?.vmid, now.vm.get("proxmox-vault")?.host],
      [132, "tank"],
    );
    for (const what of ["vm", "node", "member", "device"] as const) {
      for (const name of all) {
        const same = JSON.stringify(now[what].get(name)) === JSON.stringify(before[what].get(name));
        const agent = what === "member" && name === "proxmox-vault";
        assert.equal(same, agent || kept.includes(name), `${what} of ${name}`);
      }
    }
    for (const { metadata, status } of now.nodes) {
      const vm = now.vm.get(metadata.name);
      assert.equal(status.conditions.find(({ type }) => type === "Ready")?.status, "True");
      assert.equal(metadata.labels[zone], vm?.host, `zone of ${metadata.name}`);
      assert.ok(vm?.tags.split(";").includes(metadata.labels[generation] ?? "none"), vm?.tags);
    }
  });

  it("leave a site that the doctor finds sound", async () => {
    await eventually(60, () => expectSessions("home", 4));
    const errors = bad(await doctor()).filter(({ severity }) => severity === "error");
    assert.deepEqual(errors, []);
  });

  it("are built once: the next up changes nothing", async () => {
    await run("pulumi", "config", "rm", "--stack", "home", "homelab:allowReplace");
    const again = ["--yes", "--skip-preview", "--refresh", "--expect-no-changes"];
    await run("pulumi", "up", "--stack", "home", ...again);
  });
});
