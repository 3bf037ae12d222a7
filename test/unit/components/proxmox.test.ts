import assert from "node:assert/strict";
import fc from "fast-check";
import { parse } from "yaml";
import { cloudInit } from "../../../components/proxmox/cloud-init.ts";
import {
  conflicts,
  type ExistingMachine,
  type WantedMachine,
} from "../../../components/proxmox/conflicts.ts";
import { machineGeneration } from "../../../components/proxmox/generation.ts";
import { imageFileName } from "../../../components/proxmox/cloud-image.ts";
import { machineMac } from "../../../components/proxmox/mac.ts";
import { generationOf, machineTags } from "../../../components/proxmox/tags.ts";
import { vmArgs, vmIgnoreChanges } from "../../../components/proxmox/vm-args.ts";
import { sitePlan } from "../../../stacks/parts/machines/deploy.ts";
import { homeConfig } from "../stacks/sample.ts";

const config = homeConfig();
const site = sitePlan({ name: "home", config });
const plan = { ...config.machines[0]!, generation: "gen-0a0b0c0d", offline: false };

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

  it("ignore the speed of each disk, one entry a disk, and the host only under HA", () => {
    assert.deepEqual(vmIgnoreChanges(plan), ["disks[0].speed", "disks[1].speed"]);
    assert.deepEqual(vmIgnoreChanges({ ...plan, extraDisks: [], ha, offline: true }), [
      "disks[0].speed",
      "nodeName",
      "tags",
    ]);
  });

  it("ask for no guest agent, which the image does not have", () => {
    assert.deepEqual(args.agent, { enabled: false });
    assert.equal(args.stopOnDestroy, true);
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

describe("conflicts with existing machines", () => {
  const wanted = {
    vmId: 121,
    name: "proxmox-stone",
    host: "stone",
    role: "server",
  } satisfies WantedMachine;
  const others = ["tank", "titan"].map((host, i) => ({
    ...{ ...wanted, name: `proxmox-${host}`, vmId: 122 + i, host },
  }));
  const own = (change: Partial<ExistingMachine> = {}): ExistingMachine => ({
    vmId: 121,
    name: "proxmox-stone",
    host: "stone",
    tags: ["homelab", "homelab-home"],
    ...change,
  });
  const found = (
    existing: ExistingMachine,
    allowReplace: string[] = [],
    change: Partial<WantedMachine> = {},
    further: readonly WantedMachine[] = [],
  ) =>
    conflicts({
      site: "home",
      wanted: [{ ...wanted, ...change }, ...further],
      existing: [existing],
      allowReplace,
    }).map((c) => c.text);

  it("are none with the site's own machine in its place", () => {
    assert.deepEqual(found(own()), []);
  });

  it("refuse an id that somebody else's machine has, even with the same name", () => {
    assert.match(
      found(own({ tags: [] }))[0] ?? "",
      /VM id 121 is taken by proxmox-stone \(121 on stone\), which is not of this site/,
    );
    assert.match(found(own({ tags: ["homelab", "homelab-cabin"] }))[0] ?? "", /not of this site/);
  });

  it("refuse a name that somebody else's machine has", () => {
    assert.match(
      found(own({ vmId: 500, tags: [] }))[0] ?? "",
      /the name is taken by proxmox-stone \(500 on stone\)/,
    );
  });

  it("refuse a change that would replace a machine unless allowReplace names it", () => {
    assert.match(
      found(own({ host: "tank" }))[0] ?? "",
      /runs on tank now, the config says stone: this would destroy/,
    );
    assert.match(found(own({ vmId: 120 }))[0] ?? "", /VM id is 120 now, the config says 121/);
    assert.deepEqual(found(own({ host: "tank" }), ["proxmox-stone"]), []);
  });

  it("let HA move a machine", () => {
    assert.deepEqual(found(own({ host: "tank" }), [], { ha }), []);
  });

  it("refuse to rebuild the first of several servers, even when allowed", () => {
    assert.match(
      found(own({ host: "tank" }), ["proxmox-stone"], {}, others)[0] ?? "",
      /move another server to the top/,
    );
  });

  it("rebuild a server only while every other one stands, and an agent at any time", () => {
    const names = ["proxmox-tank", "proxmox-titan", "proxmox-vault"];
    const trio = names.map((name, i) => ({
      ...{ ...wanted, name, vmId: 122 + i, host: name.slice(8) },
      role: name === "proxmox-vault" ? ("agent" as const) : ("server" as const),
    }));
    const texts = (hosts: readonly (string | undefined)[]) =>
      conflicts({
        site: "home",
        wanted: [wanted, ...trio],
        existing: [
          own(),
          ...trio.flatMap(({ name, vmId }, i) => {
            const host = hosts[i];
            return host === undefined ? [] : [own({ name, vmId, host })];
          }),
        ],
        allowReplace: names,
      }).map(({ machine, text }) => `${machine}: ${text}`);
    assert.deepEqual(texts(["stone", "titan", "stone"]), []);
    assert.deepEqual(texts(["tank", undefined, "stone"]), []);
    const both = texts(["stone", "stone", "stone"]);
    assert.equal(both.length, 2);
    assert.match(both[0] ?? "", /^proxmox-tank: .*proxmox-titan is to be built anew too/);
    assert.match(both[1] ?? "", /^proxmox-titan: .*one server anew at a time/);
    const away = texts(["stone", undefined, "vault"]);
    assert.match(away.join(), /^proxmox-tank: .*proxmox-titan is not there now/);
  });
});

describe("generation of a machine", () => {
  const existing = [
    { vmId: 121, name: "a", host: "stone", tags: machineTags("home", "gen-0000aaaa", []) },
  ];
  const of = (machine: { vmId: number; host: string; ha?: typeof ha }, vms = existing) =>
    machineGeneration({ site: "home", machine, existing: vms, fresh: () => "gen-ffffffff" });

  it("stays while the machine stands where it belongs", () => {
    assert.equal(of({ vmId: 121, host: "stone" }), "gen-0000aaaa");
    assert.equal(of({ vmId: 121, host: "tank", ha }), "gen-0000aaaa");
  });

  it("is new for a machine that this run builds or moves by building it anew", () => {
    assert.equal(of({ vmId: 122, host: "stone" }), "gen-ffffffff");
    assert.equal(of({ vmId: 121, host: "tank" }), "gen-ffffffff");
    assert.equal(of({ vmId: 121, host: "stone" }, []), "gen-ffffffff");
  });

  it("is read from among any tags", () => {
    assert.equal(generationOf(["gen-xyz", "general", "gen-12345678"]), "gen-12345678");
    assert.equal(generationOf(["homelab"]), undefined);
  });
});
