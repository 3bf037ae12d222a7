import assert from "node:assert/strict";
import { noFaults } from "../../../world/faults.ts";
import { HostConditions } from "../../../world/host-conditions.ts";
import { TestCluster, vmFields } from "./cluster.ts";

interface Row {
  readonly type: string;
  readonly node: string;
  readonly status: string;
  readonly vmid?: number;
  readonly name?: string;
  readonly tags?: string;
}

describe("Proxmox API: hosts that do not answer", () => {
  const cluster = new TestCluster();
  before(async () => {
    await cluster.open();
    await cluster.downloadImage();
    await cluster.ok("POST", "pools", { poolid: "homelab" });
    for (const [node, vmid] of [
      ["stone", 121],
      ["tank", 122],
    ] as const) {
      const import_ = { ...vmFields(vmid), name: `proxmox-${node}`, scsi0: "file=local-lvm:1" };
      await cluster.task("POST", `nodes/${node}/qemu`, { ...import_, pool: "homelab" });
    }
  });
  after(() => cluster.close());
  afterEach(async () => {
    const well = { api: "answers", corosync: "online", membership: "member" } as const;
    for (const host of ["stone", "tank", "titan"]) await cluster.proxmox.setHost(host, well);
    cluster.proxmox.lookAt(["/"]);
  });

  const rows = async (): Promise<Row[]> => cluster.get<Row[]>("cluster/resources");
  const guest = async (vmid: number): Promise<Row | undefined> =>
    (await rows()).find((row) => row.vmid === vmid);
  const statusOf = async (node: string): Promise<string | undefined> =>
    (await cluster.get<Row[]>("nodes")).find((row) => row.node === node)?.status;

  it("pass on what became of the connection, while corosync may call the host online", async () => {
    for (const [api, words] of [
      ["refuses", /^595 Connection refused/],
      ["unreachable", /^595 No route to host/],
    ] as const) {
      await cluster.proxmox.setHost("tank", { api });
      assert.match(await cluster.refusal("GET", "nodes/tank/qemu"), words);
      assert.equal(await statusOf("tank"), "online");
      assert.partialDeepStrictEqual(await guest(122), { node: "tank", name: "proxmox-tank" });
    }
  });

  it("are given up after a while when they hang, and never answer their own clients", async () => {
    const waits: number[] = [];
    const hosts = new HostConditions(["stone", "tank"], noFaults, (milliseconds) =>
      Promise.resolve(waits.push(milliseconds)),
    );
    hosts.set("tank", { api: "hangs" });
    const asked = { method: "GET", path: "/api2/json/nodes/tank/qemu/122/config" };
    const passedOn = await hosts.consult("proxmox", { host: "stone", ...asked });
    assert.deepEqual(passedOn, { status: 596, body: "Connection timed out" });
    assert.deepEqual(waits, [30_000]);
    assert.equal(await hosts.consult("proxmox", { host: "tank", ...asked }), "hang");
    const other = { ...asked, path: "/api2/json/cluster/resources" };
    assert.equal(await hosts.consult("proxmox", { host: "stone", ...other }), undefined);
    assert.ok(hosts.isOnline("tank"));
  });

  it("do not answer their own clients either", async () => {
    await cluster.proxmox.setHost("stone", { api: "refuses" });
    await assert.rejects(cluster.call("GET", "version"));
  });

  it("leave their guests in the cluster's list, with tags and without a name", async () => {
    await cluster.proxmox.setHost("tank", { power: "off" });
    assert.equal(await statusOf("tank"), "offline");
    const row = await guest(122);
    assert.deepEqual([row?.status, row?.tags, row?.name], ["unknown", "homelab;rke2", undefined]);
  });

  it("are unknown once they are removed, and their guests' configs stay until they are cleared", async () => {
    await cluster.proxmox.setHost("tank", { power: "off", membership: "removed" });
    assert.match(
      await cluster.refusal("GET", "nodes/tank/qemu/122/config"),
      /^500 hostname lookup 'tank' failed - failed to get address info for: tank: Name or service/,
    );
    assert.equal(await statusOf("tank"), undefined);
    assert.equal((await guest(122))?.node, "tank");
  });

  it("take the quorum with them, without which nothing is written", async () => {
    for (const host of ["tank", "titan"]) await cluster.proxmox.setHost(host, { power: "off" });
    assert.match(
      await cluster.refusal("POST", "pools", { poolid: "late" }),
      /^500 cluster not ready - no quorum\?/,
    );
    const [first] = await cluster.get<{ quorate?: number }[]>("cluster/status");
    assert.equal(first?.quorate, 0);
  });

  it("hide a guest from a token that may see the pool alone, but not that its id is taken", async () => {
    await cluster.ok("PUT", "pools?poolid=homelab", { delete: "1", vms: "122" });
    cluster.proxmox.lookAt(["/pool/homelab"]);
    assert.equal((await guest(121))?.node, "stone");
    assert.equal(await guest(122), undefined);
    assert.deepEqual(await cluster.get("nodes/tank/qemu"), []);
    assert.match(
      await cluster.refusal("GET", "nodes/tank/qemu/122/config"),
      /^403 Permission check failed \(\/vms\/122, VM\.Audit\)/,
    );
    assert.match(
      await cluster.refusal("GET", "cluster/nextid", { vmid: "122" }),
      /VM 122 already exists/,
    );
  });
});
