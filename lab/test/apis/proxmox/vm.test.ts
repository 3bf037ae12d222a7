import assert from "node:assert/strict";
import { TestCluster, vmFields } from "./cluster.ts";

describe("Proxmox API: a VM from creation to deletion", () => {
  const cluster = new TestCluster();
  const vm = "nodes/stone/qemu/121";
  before(() => cluster.open());
  after(() => cluster.close());

  it("creates it with an imported disk and answers the stored config with Proxmox's types", async () => {
    assert.equal(await cluster.downloadImage(), "OK");
    assert.equal(await cluster.task("POST", "nodes/stone/qemu", vmFields(121)), "OK");
    const config = await cluster.get(`${vm}/config`);
    assert.equal(config.cores, 4);
    assert.equal(config.memory, "8192");
    assert.equal(config.onboot, 1);
    assert.equal(config.boot, "order=scsi0");
    assert.equal(config.net0, "virtio=BC:24:11:00:00:21,bridge=vmbr0,firewall=0");
    assert.equal(
      config.scsi0,
      "local-lvm:vm-121-disk-0,aio=io_uring,backup=1,cache=none,discard=on,iothread=1,replicate=1,size=2G,ssd=1",
    );
    assert.equal(
      config.scsi1,
      "local-lvm:vm-121-disk-1,aio=io_uring,backup=0,iothread=0,size=100G,ssd=0",
    );
    assert.equal(config.ide2, "local-lvm:vm-121-cloudinit,media=cdrom,size=4M");
    assert.equal(config.ide3, "none,media=cdrom");
    assert.equal(config.serial0, "socket");
    assert.equal(config.tags, "homelab;rke2");
    assert.equal(config.template, undefined);
  });

  it("gives it not the host's own CD drive, which takes a right that the documented role lacks", async () => {
    const drive = { ide3: "file=cdrom,media=cdrom," };
    const refused = /^403 Permission check failed \(\/, Sys\.Console\)/;
    assert.match(
      await cluster.refusal("POST", "nodes/stone/qemu", { ...vmFields(122), ...drive }),
      refused,
    );
    assert.match(await cluster.refusal("PUT", `${vm}/config`, drive), refused);
  });

  it("grows the disk to a size in bytes and refuses to shrink it", async () => {
    const grow = { disk: "scsi0", size: String(64 * 1024 ** 3) };
    assert.equal(await cluster.task("PUT", `${vm}/resize`, grow), "OK");
    assert.match(String((await cluster.get(`${vm}/config`)).scsi0), /size=64G/);
    assert.equal(await cluster.task("PUT", `${vm}/resize`, grow), "OK");
    const shrink = { disk: "scsi0", size: "10G" };
    assert.match(
      await cluster.refusal("PUT", `${vm}/resize`, shrink),
      /^500 shrinking disks is not/,
    );
    assert.match(
      await cluster.refusal("PUT", `${vm}/resize`, { disk: "scsi7", size: "10G" }),
      /does not exist/,
    );
  });

  it("starts it with the address, user data, root disk and extra disks of its config", async () => {
    assert.equal(await cluster.task("POST", `${vm}/status/start`, { timeout: "1800" }), "OK");
    const [machine] = cluster.hypervisor.started;
    assert.deepEqual(
      { ...machine, cloudInit: undefined },
      {
        vmid: 121,
        name: "proxmox-stone",
        host: "stone",
        memoryMiB: 8192,
        cores: 4,
        nic: { mac: "BC:24:11:00:00:21", bridge: "vmbr0", mtu: 1500 },
        furtherNics: [],
        cloudInit: undefined,
        diskBytes: 64 * 1024 ** 3,
        disks: [{ interface: "scsi1", bytes: 100 * 1024 ** 3 }],
      },
    );
    assert.equal(machine?.cloudInit.address, "192.168.1.21/24");
    assert.equal(machine.cloudInit.gateway, "192.168.1.1");
    assert.match(
      machine.cloudInit.userData,
      /hostname: proxmox-stone[\s\S]*ssh-ed25519 AAAAC3 person/,
    );
    const status = await cluster.get(`${vm}/status/current`);
    assert.equal(status.status, "running");
    for (const name of ["vmid", "cpus", "maxmem", "maxdisk", "pid", "uptime"])
      assert.equal(typeof status[name], "number", name);
    assert.match(
      await cluster.refusal("POST", `${vm}/status/start`),
      /^500 VM 121 already running/,
    );
  });

  it("shows it in the lists that the provider's read and data sources ask for", async () => {
    const [resource] = await cluster.get<Record<string, unknown>[]>("cluster/resources", {
      type: "vm",
    });
    assert.equal(resource?.vmid, 121);
    assert.equal(resource.node, "stone");
    const [listed] = await cluster.get<Record<string, unknown>[]>("nodes/stone/qemu");
    assert.equal(listed?.name, "proxmox-stone");
    assert.equal(listed.tags, "homelab;rke2");
    assert.equal(listed.status, "running");
    assert.deepEqual(await cluster.get("nodes/tank/qemu"), []);
    const volume = "nodes/stone/storage/local-lvm/content/local-lvm:vm-121-disk-0";
    assert.equal((await cluster.get(volume)).format, "raw");
    assert.deepEqual(
      cluster.proxmox.machines().map(({ vmid, running, address }) => ({ vmid, running, address })),
      [{ vmid: 121, running: true, address: "192.168.1.21" }],
    );
  });

  it("keeps sizes when disks are sent again without size, and the MAC when it is left out", async () => {
    await cluster.ok("PUT", `${vm}/config`, {
      name: "proxmox-stone",
      scsi0: "file=local-lvm:vm-121-disk-0,aio=io_uring,discard=on,iothread=1,ssd=1",
      net0: "model=virtio,bridge=vmbr0,firewall=0",
      tags: "b;A",
      delete: "scsi1",
    });
    const config = await cluster.get(`${vm}/config`);
    assert.match(String(config.scsi0), /^local-lvm:vm-121-disk-0,.*size=64G/);
    assert.match(String(config.net0), /BC:24:11:00:00:21/);
    assert.equal(config.tags, "a;b");
    assert.equal(config.scsi1, undefined);
    assert.equal(config.unused0, "local-lvm:vm-121-disk-1");
    await cluster.ok("PUT", `${vm}/config`, { scsi2: "file=local-lvm:vm-121-disk-1,backup=0" });
    const reattached = await cluster.get(`${vm}/config`);
    assert.equal(reattached.unused0, undefined);
    assert.equal(reattached.scsi2, "local-lvm:vm-121-disk-1,backup=0,size=100G");
  });

  it("answers a taken id with a text that holds `already exists`", async () => {
    assert.match(
      await cluster.refusal("POST", "nodes/tank/qemu", vmFields(121)),
      /^500 unable to create VM 121: config file already exists/,
    );
    assert.match(await cluster.refusal("GET", "cluster/nextid", { vmid: "121" }), /^400 .*exists/);
    assert.equal(await cluster.get<string>("cluster/nextid"), "100");
  });

  it("shuts down gracefully within the caller's time, changes instance-id with cloud-init data", async () => {
    const first = cluster.hypervisor.started[0]?.cloudInit.instanceId;
    const shutdown = { forceStop: "1", timeout: "300" };
    assert.equal(await cluster.task("POST", `${vm}/status/shutdown`, shutdown), "OK");
    assert.deepEqual(cluster.hypervisor.stops, [
      { vmid: 121, graceful: true, timeoutSeconds: 300, force: true },
    ]);
    assert.match(await cluster.refusal("POST", `${vm}/status/shutdown`), /^500 VM 121 not running/);
    await cluster.task("POST", `${vm}/status/start`);
    assert.equal(cluster.hypervisor.started[1]?.cloudInit.instanceId, first);
    await cluster.task("POST", `${vm}/status/stop`);
    await cluster.ok("PUT", `${vm}/config`, { nameserver: "192.168.1.2" });
    await cluster.ok("PUT", `${vm}/cloudinit`);
    await cluster.task("POST", `${vm}/status/start`);
    assert.notEqual(cluster.hypervisor.started[2]?.cloudInit.instanceId, first);
  });

  it("refuses to delete while it runs or is protected, then leaves nothing", async () => {
    const remove = `${vm}/?destroy-unreferenced-disks=1&purge=1`;
    assert.match(
      await cluster.refusal("DELETE", remove),
      /^500 VM 121 is running - destroy failed/,
    );
    await cluster.task("POST", `${vm}/status/stop`);
    await cluster.ok("PUT", `${vm}/config`, { protection: "1" });
    assert.match(await cluster.refusal("DELETE", remove), /protection mode enabled/);
    await cluster.ok("PUT", `${vm}/config`, { protection: "0" });
    assert.equal(await cluster.task("DELETE", remove), "OK");
    assert.deepEqual(cluster.hypervisor.destroyed, [121]);
    assert.match(await cluster.refusal("GET", `${vm}/status/current`), /^500 .*does not exist/);
    assert.deepEqual(await cluster.get("nodes/stone/storage/local-lvm/content"), []);
  });
});
