import assert from "node:assert/strict";
import fc from "fast-check";
import { parse } from "yaml";
import { cloudInit } from "../../../components/proxmox/cloud-init.ts";
import { imageFileName } from "../../../components/proxmox/cloud-image.ts";
import { machineMac } from "../../../components/proxmox/mac.ts";
import { vmArgs, vmIgnoreChanges } from "../../../components/proxmox/vm-args.ts";
import { parseCloudConfig } from "../../../lab/machines/cloud-init.ts";
import { sitePlan } from "../../../stacks/parts/machines/plan.ts";
import { homeConfig } from "../stacks/sample.ts";

const config = homeConfig();
const site = sitePlan({ name: "home", config });
const plan = {
  ...config.machines[0]!,
  generation: "gen-0a0b0c0d",
  offline: false,
  stands: false,
  leaveDisks: false,
};

describe("MAC address of a machine", () => {
  it("is upper case, as Proxmox answers it", () => {
    assert.equal(
      machineMac({ vmId: 121, address: "192.168.1.21", mac: "bc:24:11:0a:0b:0c" }),
      "BC:24:11:0A:0B:0C",
    );
  });

  it("is derived as a unicast, locally administered address that differs with VM id and LAN", () => {
    const vmId = fc.integer({ min: 100, max: 999_999_999 });
    fc.assert(
      fc.property(vmId, vmId, fc.nat(255), fc.nat(255), (a, b, left, right) => {
        const [x, y] = [
          machineMac({ vmId: a, address: `10.0.${left}.9` }),
          machineMac({ vmId: b, address: `10.0.${right}.9` }),
        ];
        assert.match(x, /^[0-9A-F][26AE](:[0-9A-F]{2}){5}$/);
        assert.equal(x === y, a === b && left === right);
      }),
    );
  });
});

const ha = { maxRestart: 1, maxRelocate: 1 };

describe("arguments of a machine's VM", () => {
  const args = vmArgs(site, { ...plan, tags: ["Rack-2", "apple"] }, 10, "local:import/x.qcow2");

  it("always name the VM: the provider would build an unnamed replacement first and delete both", () => {
    assert.equal(args.name, "proxmox-stone");
    assert.equal(args.vmId, 121);
  });

  it("write tags in lower case, sorted, with program, site and generation", () => {
    assert.deepEqual(args.tags, ["apple", "gen-0a0b0c0d", "homelab", "homelab-home", "rack-2"]);
  });

  it("refer to the cloud-init document by a constant, so that a new document replaces no machine", () => {
    assert.equal(
      args.initialization.userDataFileId,
      "local:snippets/home-proxmox-stone-user-data.yaml",
    );
  });

  it("take the host's processor and a BIOS, and by name another model and UEFI without Secure Boot", () => {
    assert.deepEqual(args.cpu, { type: "host", cores: 12 });
    assert.ok(!("bios" in args));
    const uefi = { ...plan, cpuType: "x86-64-v3", uefi: true };
    const other = vmArgs(site, uefi, 10, "local:import/x.qcow2");
    assert.equal(other.cpu.type, "x86-64-v3");
    assert.partialDeepStrictEqual(other, {
      bios: "ovmf",
      efiDisk: { datastoreId: "local-lvm", type: "4m", preEnrolledKeys: false },
    });
  });

  it("import the root disk through the API and add blank disks in order", () => {
    assert.deepEqual(
      args.disks.map((disk) => [
        disk.interface,
        disk.size,
        "importFrom" in disk ? disk.importFrom : undefined,
      ]),
      [
        ["scsi0", 128, "local:import/x.qcow2"],
        ["scsi1", 1000, undefined],
      ],
    );
    assert.deepEqual(args.bootOrders, ["scsi0"]);
  });

  it("ignore the speed of each disk, one entry a disk, and the host of a machine that HA or a person moves", () => {
    assert.deepEqual(vmIgnoreChanges(plan), ["disks[0].speed", "disks[1].speed"]);
    for (const moved of [{ ha }, { stands: true }])
      assert.ok(vmIgnoreChanges({ ...plan, extraDisks: [], ...moved }).includes("nodeName"));
  });

  it("leave notes, tags and CD drive of a machine whose host is down, which nobody can write", () => {
    const away = vmIgnoreChanges({ ...plan, extraDisks: [], offline: true });
    assert.deepEqual(away, ["disks[0].speed", "description", "tags", "cdrom"]);
  });

  it("leave the image of a machine that stands, which would only make all disks be written anew", () => {
    assert.deepEqual(vmIgnoreChanges({ ...plan, extraDisks: [], stands: true }), [
      "disks[0].speed",
      "disks[0].importFrom",
      "nodeName",
    ]);
    assert.ok(vmIgnoreChanges({ ...plan, stands: true, leaveDisks: true }).includes("disks"));
  });

  it("have an empty CD drive: with their host's Proxmox neither makes them for the token nor migrates them", () => {
    assert.deepEqual(args.cdrom, { fileId: "none" });
  });

  it("keep extra disks in their slots, with their names as serials, out of Proxmox's backups", () => {
    const extraDisks = [
      { name: "fast", slot: 7, sizeGiB: 50, datastore: "nvme" },
      { name: "data", slot: 1, sizeGiB: 100, datastore: "local-lvm" },
    ];
    const { disks } = vmArgs(site, { ...plan, extraDisks }, 10, "local:import/x.qcow2");
    assert.partialDeepStrictEqual(disks, [
      { interface: "scsi0", importFrom: "local:import/x.qcow2" },
      { interface: "scsi7", serial: "fast", datastoreId: "nvme", backup: false },
      { interface: "scsi1", serial: "data", datastoreId: "local-lvm", backup: false },
    ]);
    assert.ok(disks.every((one) => one.interface !== "scsi0" || !("backup" in one)));
  });

  it("have a guest agent, and wait for none of its answers: the image comes without it", () => {
    assert.deepEqual(args.agent, { enabled: true, waitForIp: { disabled: true } });
    assert.equal(args.stopOnDestroy, true);
  });

  it("let the provider switch no machine that runs, for it would switch all at once", () => {
    assert.equal(args.rebootAfterUpdate, false);
  });
});

describe("cloud image's file name", () => {
  it("differs for two builds of one name", () => {
    const url = "https://example.org/a/debian-13.qcow2";
    assert.equal(
      imageFileName("home", { url, checksum: "abcdef0123".padEnd(128, "0") }),
      "home-debian-13-abcdef01.qcow2",
    );
    const [one, two] = ["1", "2"].map((digit) =>
      imageFileName("home", { url, checksum: digit.repeat(128) }),
    );
    assert.notEqual(one, two);
  });

  it("differs for two stacks, so that none takes away what the other has", () => {
    const image = { url: "https://example.org/a/debian-13.qcow2", checksum: "1".repeat(128) };
    assert.notEqual(imageFileName("home", image), imageFileName("cabin", image));
  });

  it("ends in what Proxmox takes, also for what is published as .img", () => {
    const url = "https://cloud-images.ubuntu.com/a/ubuntu-24.04-server-cloudimg-amd64.img";
    assert.equal(
      imageFileName("home", { url, checksum: "7a1c0d5e9b".padEnd(64, "0") }),
      "home-ubuntu-24.04-server-cloudimg-amd64-7a1c0d5e.qcow2",
    );
  });

  it("has only characters that Proxmox keeps, so that the provider finds the file that it asked for", () => {
    const url = "https://example.org/a/debian-13+custom%20~1.qcow2";
    assert.equal(
      imageFileName("home", { url, checksum: "1".repeat(128) }),
      "home-debian-13_custom_20_1-11111111.qcow2",
    );
  });
});

describe("cloud-init document", () => {
  const text = cloudInit({
    name: "proxmox-stone",
    domain: "home.arpa",
    loginKey: "ssh-ed25519 LOGIN\n",
    hostKey: {
      privateKey: "-----BEGIN-----\nkey\n-----END-----\n",
      publicKey: "ssh-ed25519 HOST\n",
    },
  });

  it("passes cloud-init's own schema: a boot of every machine would be degraded otherwise", () => {
    const judged = parseCloudConfig(text);
    assert.deepEqual(judged.problems, undefined);
    assert.deepEqual(judged.config && judged.warnings, []);
  });

  it("gives root a key, no password, and the machine its own host key", () => {
    assert.ok(text.startsWith("#cloud-config\n"));
    assert.deepEqual(parse(text), {
      hostname: "proxmox-stone",
      fqdn: "proxmox-stone.home.arpa",
      manage_etc_hosts: true,
      disable_root: false,
      users: [{ name: "root", lock_passwd: true, ssh_authorized_keys: ["ssh-ed25519 LOGIN"] }],
      ssh_deletekeys: true,
      ssh_keys: {
        ed25519_private: "-----BEGIN-----\nkey\n-----END-----\n",
        ed25519_public: "ssh-ed25519 HOST",
      },
    });
  });
});
