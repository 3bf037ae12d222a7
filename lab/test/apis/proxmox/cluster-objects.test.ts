import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TestCluster, vmFields } from "./cluster.ts";

describe("Proxmox API: pools, HA, mappings", () => {
  const cluster = new TestCluster();
  before(async () => {
    await cluster.open();
    await cluster.downloadImage();
    await cluster.ok("POST", "pools", { poolid: "rke2", comment: "nodes" });
    await cluster.task("POST", "nodes/stone/qemu", { ...vmFields(121), pool: "rke2" });
  });
  after(() => cluster.close());

  /** Gives its VMs the drive that the provider chooses where a program names none. */
  async function makeOlder(): Promise<void> {
    await cluster.proxmox.close();
    const file = join(cluster.stateDir, "cluster.json");
    writeFileSync(file, readFileSync(file, "utf8").replaceAll("none,media", "cdrom,media"));
    await cluster.open();
    await cluster.proxmox.idle();
  }

  it("keeps pools: members, change, refusal while not empty", async () => {
    assert.deepEqual(await cluster.get("pools"), [{ poolid: "rke2", comment: "nodes" }]);
    const [pool] = await cluster.get<Record<string, unknown>[]>("pools?poolid=rke2");
    assert.partialDeepStrictEqual(pool?.members, [
      { id: "qemu/121", node: "stone", type: "qemu", vmid: 121 },
    ]);
    assert.match(
      await cluster.refusal("DELETE", "pools?poolid=rke2"),
      /^500 delete pool failed: pool 'rke2' is not empty/,
    );
    assert.match(await cluster.refusal("POST", "pools", { poolid: "rke2" }), /already exists/);
    await cluster.ok("PUT", "pools?poolid=rke2", { delete: "1", vms: "121" });
    await cluster.ok("PUT", "pools?poolid=rke2", { comment: "" });
    await cluster.ok("DELETE", "pools?poolid=rke2");
    assert.match(await cluster.refusal("GET", "pools?poolid=rke2"), /^500 .*does not exist/);
  });

  it("judges a pool's name, and makes a nested one only below its parent", async () => {
    const refused = (poolid: string) => cluster.refusal("POST", "pools", { poolid });
    assert.match(await refused("home lab"), /^400 .*contains invalid characters/);
    assert.match(await refused("a/b/c/d"), /^400 .*nested too deeply \(max levels = 3\)/);
    assert.match(await refused("2nd"), /^500 .*must start with a letter/);
    assert.match(
      await refused("Home_Lab/k8s"),
      /^500 create pool failed: parent 'Home_Lab' of pool 'Home_Lab\/k8s' does not exist/,
    );
    for (const poolid of ["Home_Lab", "Home_Lab/k8s.v2"])
      await cluster.ok("POST", "pools", { poolid });
    assert.match(
      await cluster.refusal("DELETE", "pools?poolid=Home_Lab"),
      /not empty \(contains pool 'Home_Lab\/k8s\.v2'\)/,
    );
    for (const poolid of ["Home_Lab/k8s.v2", "Home_Lab"])
      await cluster.ok("DELETE", `pools?poolid=${encodeURIComponent(poolid)}`);
  });

  it("keeps HA resources and rules: slash after the path, all fields on PUT, gone texts", async () => {
    assert.match(
      await cluster.refusal("GET", "cluster/ha/resources/vm:121"),
      /^500 no such resource/,
    );
    const fields = { state: "started", max_restart: "2", max_relocate: "1", failback: "1" };
    await cluster.ok("POST", "cluster/ha/resources/", {
      sid: "vm:121",
      type: "vm",
      comment: "c",
      ...fields,
    });
    await cluster.ok("PUT", "cluster/ha/resources/vm:121", {
      ...fields,
      max_restart: "3",
      delete: "comment",
    });
    const { digest, ...resource } = await cluster.get("cluster/ha/resources/vm:121");
    assert.match(String(digest), /^[0-9a-f]{40}$/);
    assert.deepEqual(resource, {
      sid: "vm:121",
      type: "vm",
      state: "started",
      max_restart: 3,
      max_relocate: 1,
      failback: 1,
    });
    const rule = {
      type: "node-affinity",
      resources: "vm:121",
      nodes: "stone:2,tank:1",
      strict: "0",
    };
    await cluster.ok("POST", "cluster/ha/rules/", { rule: "home", disable: "0", ...rule });
    assert.partialDeepStrictEqual(await cluster.get("cluster/ha/rules/home"), {
      rule: "home",
      nodes: "stone:2,tank:1",
      strict: 0,
      disable: 0,
    });
    assert.match(
      await cluster.refusal("DELETE", "nodes/stone/qemu/121/?purge=0"),
      /used in HA resources and purge parameter not set/,
    );
    await cluster.ok("DELETE", "cluster/ha/resources/vm:121");
    assert.match(
      await cluster.refusal("GET", "cluster/ha/rules/home"),
      /^500 no such ha rule 'home'/,
    );
  });

  it("keeps mappings by their form alone, whatever devices the nodes have", async () => {
    const map = ["stone", "tank"].map(
      (node) => `id=10de:2204,node=${node},path=0000:01:00.0,iommugroup=12`,
    );
    await cluster.ok("POST", "cluster/mapping/pci", { id: "GPU_1", description: "d", map });
    await cluster.ok("PUT", "cluster/mapping/pci/GPU_1", { delete: "mdev", map: map.slice(0, 1) });
    assert.partialDeepStrictEqual(await cluster.get("cluster/mapping/pci/GPU_1"), {
      id: "GPU_1",
      description: "d",
      map: map.slice(0, 1),
    });
    const refused = (kind: string, id: string, entry: string) =>
      cluster.refusal("POST", `cluster/mapping/${kind}`, { id, map: entry });
    const [entry = ""] = map;
    assert.match(await refused("pci", "x", entry), /invalid configuration ID 'x'/);
    assert.match(await refused("pci", "1gpu", entry), /invalid configuration ID '1gpu'/);
    assert.match(await refused("pci", "gpu", "id=10de:2204,node=stone"), /path: .*missing/);
    assert.match(await refused("pci", "gpu", "id=10de,node=s_t,path=01:00.0"), /id: .*node: /);
    assert.match(await refused("usb", "stick", "node=stone,path=1-4"), /id: property is missing/);
    await cluster.ok("DELETE", "cluster/mapping/pci/GPU_1");
    assert.match(
      await cluster.refusal("GET", "cluster/mapping/pci/GPU_1"),
      /^500 mapping 'GPU_1' not found/,
    );
  });

  it("turns a VM into a template, and clones it with its own MAC", async () => {
    assert.equal(await cluster.task("POST", "nodes/stone/qemu/121/template"), "OK");
    assert.match(
      String((await cluster.get("nodes/stone/qemu/121/config")).scsi0),
      /^local-lvm:base-121-disk-0/,
    );
    assert.match(
      await cluster.refusal("POST", "nodes/stone/qemu/121/status/start"),
      /it's a template/,
    );
    const clone = { newid: "140", full: "1", name: "copy" };
    assert.equal(await cluster.task("POST", "nodes/stone/qemu/121/clone", clone), "OK");
    const copy = await cluster.get("nodes/stone/qemu/140/config");
    assert.match(String(copy.scsi0), /^local-lvm:vm-140-disk-0,.*size=2G/);
    assert.equal(copy.name, "copy");
    assert.doesNotMatch(String(copy.net0), /BC:24:11:00:00:21/);
    await cluster.task("POST", "nodes/stone/qemu/140/status/start");
  });

  it("migrates a VM with its disks, when it is asked to, and not with its host's CD drive", async () => {
    const migrate = "nodes/stone/qemu/140/migrate";
    assert.match(
      await cluster.refusal("POST", migrate, { target: "tank" }),
      /running VM without --online/,
    );
    const online = { target: "tank", online: "1", "with-local-disks": "1" };
    await makeOlder();
    assert.equal(await cluster.task("POST", migrate, online), "migration aborted");
    await cluster.ok("PUT", "nodes/stone/qemu/140/config", { ide3: "file=none,media=cdrom," });
    const without = { target: "tank", online: "1" };
    assert.equal(await cluster.task("POST", migrate, without), "migration aborted");
    assert.equal(await cluster.task("POST", migrate, online), "OK");
    assert.equal((await cluster.get("nodes/tank/qemu/140/status/current")).status, "running");
    assert.match(
      await cluster.refusal("POST", "nodes/tank/qemu/140/move_disk", {
        disk: "scsi0",
        storage: "local-lvm",
      }),
      /you can't move to the same storage with same format/,
    );
  });
});
