import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { TestCluster, vmFields } from "./cluster.ts";

describe("Proxmox API: what a machine of the lab needs to start", () => {
  const cluster = new TestCluster();
  const vm = "nodes/stone/qemu/121";
  const start = (): Promise<string> => cluster.task("POST", `${vm}/status/start`);
  before(async () => {
    await cluster.open();
    await cluster.downloadImage();
    await cluster.task("POST", "nodes/stone/qemu", vmFields(121));
  });
  after(() => cluster.close());

  /** Starts with a change that must be refused, then undoes it. */
  const refuses = async (change: Record<string, string>, reason: RegExp): Promise<void> => {
    await cluster.ok("PUT", `${vm}/config`, change);
    assert.match(await start(), reason);
    const names = Object.keys(change).flatMap((name) => (name === "delete" ? change[name] : name));
    const undo = Object.entries(vmFields(121)).filter(([name]) => names.includes(name));
    const removed = names.filter((name) => name !== undefined && !(name in vmFields(121)));
    await cluster.ok("PUT", `${vm}/config`, {
      ...Object.fromEntries(undo),
      ...(removed.length > 0 ? { delete: removed.join(",") } : {}),
    });
  };

  it("a static address", async () => {
    await refuses({ delete: "ipconfig0" }, /VM 121 has no address: set ipconfig0/);
    await refuses({ ipconfig0: "ip=dhcp" }, /static IPv4 address/);
  });

  it("bridges that its host has, with an MTU that they carry", async () => {
    await refuses({ net0: "model=virtio,bridge=vmbr9" }, /bridge 'vmbr9' does not exist/);
    await refuses({ net1: "model=virtio,bridge=vmbr9" }, /bridge 'vmbr9' does not exist/);
    await refuses(
      { net0: "model=virtio,bridge=vmbr0,mtu=9000" },
      /netdev net0: MTU '9000' is bigger than the bridge MTU '1500' - adjust the MTU/,
    );
    await refuses({ net0: "model=virtio,bridge=vmbr0,mtu=500" }, /smaller than the IP minimum MTU/);
    await refuses(
      { net1: "model=virtio,bridge=vmbr1", ipconfig1: "ip=dhcp" },
      /ipconfig1 has ip=dhcp: .*static IPv4 address/,
    );
  });

  it("tags, MTUs and bridge names within Proxmox's limits", async () => {
    for (const [net0, reason] of [
      ["model=virtio,bridge=vmbr0,tag=4095", /net0.*tag: value must have a maximum value of 4094/],
      ["model=virtio,bridge=vmbr0,tag=0", /net0.*tag: value must have a minimum value of 1/],
      [
        "model=virtio,bridge=vmbr0,mtu=70000",
        /net0.*mtu: value must have a maximum value of 65520/,
      ],
      ["model=virtio,bridge=vm/br0", /net0.*invalid bridge ID 'vm\/br0'/],
    ] as const)
      assert.match(await cluster.refusal("PUT", `${vm}/config`, { net0 }), reason);
  });

  it("no more for a second card and a VLAN tag: each has its own segment", async () => {
    const cards = {
      net0: "model=virtio,bridge=vmbr0,tag=30",
      net1: "model=virtio,bridge=vmbr1,mtu=9000",
      net2: "model=virtio,bridge=vmbr1,tag=7",
      ipconfig1: "ip=10.10.10.21/24",
    };
    await cluster.ok("PUT", `${vm}/config`, cards);
    assert.equal(await start(), "OK");
    const machine = cluster.hypervisor.started.at(-1);
    assert.ok(machine);
    const { nic, furtherNics } = machine;
    assert.notEqual(nic.bridge, "vmbr0");
    assert.deepEqual(
      furtherNics.map(({ name, address, mtu }) => [name, address, mtu]),
      [
        ["eth1", "10.10.10.21/24", 9000],
        ["ens20", undefined, 9000],
      ],
    );
    assert.equal(new Set([nic, ...furtherNics].map(({ bridge }) => bridge)).size, 3);
    await cluster.task("POST", `${vm}/status/stop`);
    await cluster.ok("PUT", `${vm}/config`, {
      net0: vmFields(121).net0 ?? "",
      delete: "net1,net2,ipconfig1",
    });
  });

  it("a snippet that lies on its node, a mapping that exists, memory that the host has", async () => {
    await refuses(
      { cicustom: "user=local:snippets/gone.yaml" },
      /'local:snippets\/gone\.yaml' does not exist on node stone/,
    );
    await refuses({ hostpci0: "mapping=gpu,pcie=1" }, /PCI device mapping not found for 'gpu'/);
    await refuses(
      { memory: "100000" },
      /cannot allocate memory: 100000 MiB wanted, 65536 of 65536/,
    );
  });

  it("mapped devices that are what their mapping says", async () => {
    const gpu = "node=stone,path=0000:01:00.0,id=10de:2204";
    const mapped = async (kind: string, map: string | string[]) => {
      await cluster.ok("DELETE", `cluster/mapping/${kind}/dev`);
      await cluster.ok("POST", `cluster/mapping/${kind}`, { id: "dev", map });
    };
    const device = { machine: "q35", hostpci0: "mapping=dev,pcie=1" };
    const invalid = "PCI device mapping invalid \\(hardware probably changed\\): ";
    for (const [entry, reason] of [
      [gpu, "missing expected property 'iommugroup' for device '0000:01:00.0'"],
      [`${gpu},iommugroup=12`, "missing expected property 'subsystem-id' for device"],
      [`${gpu},iommugroup=12,subsystem-id=1043:1234`, "'subsystem-id' does not match for 'dev'"],
      [`${gpu},iommugroup=3,subsystem-id=1462:3884`, "'iommugroup' does not match for 'dev'"],
      ["node=stone,path=0000:09:00.0,id=10de:2204", "pci device '0000:09:00.0' not found"],
    ] as const) {
      await mapped("pci", entry);
      await refuses(device, new RegExp(`^${invalid}${reason}`));
    }
    await mapped("pci", `${gpu},iommugroup=12,subsystem-id=1462:3884`);
    await refuses({ hostpci0: "mapping=dev,pcie=1" }, /^q35 machine model is not enabled/);
    await refuses({ ...device, hostpci1: "mapping=dev,pcie=1" }, /free device for 'hostpci1'/);
    await refuses({ usb0: "mapping=dev" }, /^USB device mapping not found for 'dev'/);
    await mapped("usb", "node=stone,id=10c4:ea60,path=1-3");
    await refuses({ usb0: "mapping=dev" }, /usb device '1-3' not found/);
    await mapped("usb", "node=stone,id=10c4:ea60,path=1-4");
    await cluster.ok("PUT", `${vm}/config`, { ...device, usb0: "mapping=dev" });
    assert.equal(await start(), "OK");
    await cluster.task("POST", `${vm}/status/stop`);
    await cluster.ok("PUT", `${vm}/config`, { delete: "machine,hostpci0,usb0" });
  });

  it("an image on the node and in the disk", async () => {
    const gone = vmFields(122).scsi0?.replace("debian", "gone") ?? "";
    assert.match(
      await cluster.task("POST", "nodes/stone/qemu", { ...vmFields(122), scsi0: gone }),
      /^unable to create VM 122 - volume 'local:import\/gone\.qcow2' does not exist/,
    );
    assert.match(await cluster.refusal("GET", "nodes/stone/qemu/122/config"), /does not exist/);
    await cluster.task("POST", "nodes/stone/qemu", { ...vmFields(123), scsi0: "local-lvm:8" });
    const status = await cluster.task("POST", "nodes/stone/qemu/123/status/start");
    assert.match(status, /disk scsi0 holds no operating system/);
  });

  it("takes the snippet of cicustom as it is, and answers the agent only when the machine has it", async () => {
    const snippet = join(cluster.stateDir, "stone/var/lib/vz/snippets/node.yaml");
    writeFileSync(snippet, "#cloud-config\nhostname: a\n");
    await cluster.ok("PUT", `${vm}/config`, {
      cicustom: "user=local:snippets/node.yaml",
      agent: "enabled=1",
    });
    assert.equal(await start(), "OK");
    assert.equal(
      cluster.hypervisor.started.at(-1)?.cloudInit.userData,
      "#cloud-config\nhostname: a\n",
    );
    const agent = `${vm}/agent/network-get-interfaces`;
    assert.match(await cluster.refusal("GET", agent), /^500 QEMU guest agent is not running/);
    cluster.hypervisor.agents.add(121);
    const { result } = await cluster.get<{ result: unknown[] }>(agent);
    assert.partialDeepStrictEqual(result[1], {
      name: "eth0",
      "ip-addresses": [{ "ip-address": "192.168.1.21", prefix: 24, "ip-address-type": "ipv4" }],
    });
  });

  it("starts with a warning when a password has no effect", async () => {
    await cluster.task("POST", `${vm}/status/stop`);
    await cluster.ok("PUT", `${vm}/config`, { cipassword: "secret" });
    assert.equal((await cluster.get(`${vm}/config`)).cipassword, "**********");
    assert.equal(await start(), "WARNINGS: 1");
  });
});
