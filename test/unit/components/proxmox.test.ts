import assert from "node:assert/strict";
import fc from "fast-check";
import { parse } from "yaml";
import { cloudInit } from "../../../components/proxmox/cloud-init.ts";
import { imageFileName } from "../../../components/proxmox/cloud-image.ts";
import { machineMac } from "../../../components/proxmox/mac.ts";
import { vmArgs, vmIgnoreChanges } from "../../../components/proxmox/vm-args.ts";
import { sitePlan } from "../../../stacks/parts/machines/deploy.ts";
import { homeConfig } from "../stacks/sample.ts";

const config = homeConfig();
const site = sitePlan({ name: "home", config });
const plan = { ...config.machines[0]!, generation: "gen-0a0b0c0d", offline: false, stands: false };

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

  it("import the root disk through the API and add blank disks in order", () => {
    assert.deepEqual(
      args.disks.map((disk) => [
        disk.interface,
        disk.size,
        "importFrom" in disk ? disk.importFrom : undefined,
      ]),
      [
        ["scsi0", 64, "local:import/x.qcow2"],
        ["scsi1", 100, undefined],
      ],
    );
    assert.deepEqual(args.bootOrders, ["scsi0"]);
  });

  it("ignore the speed of each disk, one entry a disk, and the host of a machine that HA or a person moves", () => {
    assert.deepEqual(vmIgnoreChanges(plan), ["disks[0].speed", "disks[1].speed"]);
    for (const moved of [{ ha }, { stands: true }])
      assert.deepEqual(vmIgnoreChanges({ ...plan, extraDisks: [], ...moved }), [
        "disks[0].speed",
        "nodeName",
      ]);
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
    assert.equal(imageFileName(url, "abcdef0123".padEnd(128, "0")), "debian-13-abcdef01.qcow2");
    assert.notEqual(imageFileName(url, "1".repeat(128)), imageFileName(url, "2".repeat(128)));
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

  it("gives root a key, no password, and the machine its own host key", () => {
    assert.ok(text.startsWith("#cloud-config\n"));
    assert.deepEqual(parse(text), {
      hostname: "proxmox-stone",
      fqdn: "proxmox-stone.home.arpa",
      manage_etc_hosts: true,
      disable_root: false,
      users: [{ name: "root", lock_passwd: true, ssh_authorized_keys: ["ssh-ed25519 LOGIN"] }],
      ssh_deletekeys: true,
      ssh_genkeytypes: [],
      ssh_keys: {
        ed25519_private: "-----BEGIN-----\nkey\n-----END-----\n",
        ed25519_public: "ssh-ed25519 HOST",
      },
    });
  });
});
