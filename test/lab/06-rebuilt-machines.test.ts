import assert from "node:assert/strict";
import { expectSessions, readiness } from "./cluster.ts";
import { refused, run } from "./command.ts";
import { expectNoError } from "./doctor.ts";
import { identities } from "./identities.ts";
import { eventually, setConfig, up } from "./site.ts";
import { given, siteIsUp } from "./states.ts";

/** A server and an agent; the first gets another VM id, the second another host. */
const rebuilt = ["proxmox-tank", "proxmox-vault"];
const kept = ["proxmox-stone", "proxmox-titan"];
const all = [...kept, ...rebuilt].sort();

const zone = "topology.kubernetes.io/zone";
const generation = "homelab/generation";

describe("machines that are built anew", () => {
  given(siteIsUp);

  let before: Awaited<ReturnType<typeof identities>>;
  let vmid: [now: number, then: number];
  let host: [now: string, then: string];

  it("are refused until allowReplace names them, and nothing is changed", async () => {
    before = await identities();
    assert.deepEqual(before.counts, [4, 4, 3, 4]);
    vmid = before.vm.get("proxmox-tank")?.vmid === 122 ? [122, 132] : [132, 122];
    host = before.vm.get("proxmox-vault")?.host === "vault" ? ["vault", "tank"] : ["tank", "vault"];
    await setConfig("homelab:machines[1].vmId", String(vmid[1]));
    await setConfig("homelab:machines[3].host", host[1]);
    // Another machine of its size does not fit beside the one that is there.
    await setConfig("homelab:machines[3].memoryGiB", "8");
    // Without a name of its own the machine would be called after its new host.
    await setConfig("homelab:machines[3].name", "proxmox-vault");
    const said = await refused`node scripts/up.ts --stack home`;
    const ids = `its VM id is ${vmid[0]} now, the config says ${vmid[1]}: this would`;
    const hosts = `it runs on ${host[0]} now, the config says ${host[1]}: this would`;
    assert.ok(said.includes(`proxmox-tank): ${ids}`), said);
    assert.ok(said.includes(`proxmox-vault): ${hosts}`), said);
    for (const name of rebuilt) assert.match(said, new RegExp(`name ${name} under homelab:allow`));
    assert.match(said, /nothing was changed/);
    assert.doesNotMatch(said, /(creating|updating|deleting|replacing)/);
    // A node's own object goes on changing: kubelets report.
    assert.deepEqual({ ...(await identities()), nodes: [] }, { ...before, nodes: [] });
  });

  it("leave Proxmox, etcd, the cluster and the tailnet, and their successors join", async () => {
    for (const [i, name] of rebuilt.entries()) await setConfig(`homelab:allowReplace[${i}]`, name);
    await up("home");
    // The up ends with a healthy site, so nothing here has to be waited for.
    const now = await identities();
    assert.deepEqual(now.counts, before.counts);
    assert.deepEqual([now.names, now.learners], [all, []]);
    assert.deepEqual(
      [now.vm.get("proxmox-tank")?.vmid, now.vm.get("proxmox-vault")?.host],
      [vmid[1], host[1]],
    );
    for (const what of ["vm", "node", "member", "device"] as const) {
      for (const name of all) {
        const same = JSON.stringify(now[what].get(name)) === JSON.stringify(before[what].get(name));
        const agent = what === "member" && name === "proxmox-vault";
        assert.equal(same, agent || kept.includes(name), `${what} of ${name}`);
      }
    }
    for (const node of now.nodes) {
      const { metadata } = node;
      const vm = now.vm.get(metadata.name);
      assert.equal(readiness(node), "True");
      assert.equal(metadata.labels[zone], vm?.host, `zone of ${metadata.name}`);
      assert.ok(vm?.tags.split(";").includes(metadata.labels[generation] ?? "none"), vm?.tags);
    }
  });

  it("leave a site that the doctor finds sound", async () => {
    await eventually(60, () => expectSessions("home", 4));
    await expectNoError();
  });

  it("are built once: the next up changes nothing", async () => {
    await run`pulumi config rm --stack home homelab:allowReplace`;
    await run`pulumi up --stack home --yes --skip-preview --refresh --expect-no-changes`;
  });
});
