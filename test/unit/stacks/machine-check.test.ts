import assert from "node:assert/strict";
import { RunError } from "@pulumi/pulumi";
import type { Inventory } from "../../../components/proxmox/inventory.ts";
import type { Known } from "../../../components/proxmox/known-machines.ts";
import { accept } from "../../../stacks/config/problem.ts";
import { judgeMachines } from "../../../stacks/parts/machines/look.ts";
import { homeConfig, type Changes } from "./sample.ts";

const own = ["gen-0000aaaa", "homelab", "homelab-home"];
const machines = homeConfig().machines.map(({ name, vmId, host }) => ({
  ...{ name, vmId, host },
  tags: own,
}));
const [stone, tank, titan, vault] = machines as [Guest, Guest, Guest, Guest];
type Guest = (typeof machines)[number];

const whole: Inventory = {
  machines,
  hosts: ["stone", "tank", "titan", "vault"],
  offline: [],
  hidden: [],
  pools: [{ name: "homelab", comment: "Machines of the homelab stack home" }],
  pciMappings: [],
  usbMappings: [],
  quorate: true,
};
const state: Known = {
  machines: machines.map((machine) => ({ ...machine, disks: [] })),
  pools: ["homelab"],
  pciMappings: [],
  usbMappings: [],
};
const fresh = () => "gen-ffffffff";

const judge = (found: Partial<Inventory> = {}, known: Partial<Known> = {}, changes: Changes = {}) =>
  judgeMachines(
    { name: "home", config: homeConfig(changes) },
    { ...whole, ...found },
    { ...state, ...known },
    fresh,
  );

const look = (...args: Parameters<typeof judge>) => {
  const judged = judge(...args);
  accept("home", judged);
  return judged.found;
};

/** What the run says where it is refused. */
function refusal(...args: Parameters<typeof look>): string {
  try {
    look(...args);
  } catch (error) {
    assert.ok(RunError.isInstance(error), String(error));
    return error.message;
  }
  return assert.fail("it was not refused");
}

/** The whole site with other tags on its second machine. */
const tagged = (...tags: readonly string[]) => [stone, { ...tank, tags }, titan, vault];

describe("a site's machines beside those that exist", () => {
  it("are refused with every machine that would leave or be renamed, in one message", () => {
    const attic = { ...stone, name: "proxmox-attic", vmId: 140 };
    const text = refusal(
      { machines: [...machines, attic] },
      {},
      { "machines[3].name": "proxmox-loft" },
    );
    assert.match(text, /2 problems; nothing was changed/);
    assert.match(text, /homelab:machines\[3\] \(proxmox-loft\): VM id 124 is that of/);
    assert.match(text, /homelab:machines \(proxmox-attic\): .*VM 140 on stone would/);
  });

  it("keep their generation whatever their hosts do, because the cluster knows their tags", () => {
    const quiet = machines.map((machine) => ({ ...machine, name: "" }));
    for (const found of [{}, { offline: ["tank", "vault"], machines: quiet }])
      assert.deepEqual(
        look(found).map(({ generation }) => generation),
        Array.from({ length: 4 }, () => "gen-0000aaaa"),
      );
    assert.deepEqual(
      look({ offline: ["tank"] }).map(({ offline }) => offline),
      [false, true, false, false],
    );
  });

  it("keep the image that they were built from, which is said where they are to have another", () => {
    const built = state.machines.map((machine) => ({ ...machine, image: "home-old.qcow2" }));
    assert.deepEqual(judge({}, { machines: built }).notes, []);
    const image = {
      url: "https://cloud.debian.org/images/cloud/trixie/20261001-2618/debian-13-generic-amd64-20261001-2618.qcow2",
      sha512: "ab".repeat(64),
    };
    const [note = "", ...more] = judge(
      {},
      { machines: built },
      { "machines[3].image": image },
    ).notes;
    assert.match(
      note,
      /^proxmox-vault was built from home-old\.qcow2 and keeps it: .*another vmId/,
    );
    assert.deepEqual(more, []);
    const own = {
      ...state.machines[3]!,
      image: "home-debian-13-generic-amd64-20261001-2618-abababab.qcow2",
    };
    assert.deepEqual(judge({}, { machines: [own] }, { "machines[3].image": image }).notes, []);
  });

  it("are told to be gone or migrated as long as the state has them where they were", () => {
    assert.deepEqual(judge().notes, []);
    const gone = judge({ machines: machines.filter((machine) => machine !== stone) });
    assert.match(
      gone.notes.join(),
      /^proxmox-stone \(VM 121 on stone\) is gone .* --refresh builds/,
    );
    const migrated = [stone, tank, titan, { ...vault, host: "tank" }];
    const small = { "machines[3].name": "proxmox-vault", "machines[3].memoryGiB": 8 };
    const followed = judge({ machines: migrated }, {}, { "machines[3].host": "tank", ...small });
    assert.deepEqual([followed.problems, followed.found[3]?.stands], [[], true]);
    assert.match(followed.notes.join(), /^proxmox-vault went from vault to tank .*takes that over/);
  });

  it("get a new generation only when they are surely gone", () => {
    const without = machines.filter((machine) => machine !== tank);
    assert.equal(look({ machines: without })[1]?.generation, "gen-ffffffff");
    const unseen = refusal({ machines: without, hidden: [122] });
    assert.match(
      unseen,
      /homelab:machines\[1\] \(proxmox-tank\): VM 122 on tank exists, but the Proxmox token does not see it/,
    );
    assert.match(unseen, /VM\.Audit/);
    const stale = { machines: without, quorate: false, offline: ["titan", "vault"] };
    assert.match(refusal(stale), /\(proxmox-tank\): the Proxmox cluster has no quorum \(2 of 4/);
    assert.equal(look({ quorate: false, offline: ["titan", "vault"] }).length, 4);
  });

  it("are refused on an id that somebody has whom the token may not see", () => {
    const text = refusal({ machines: [], hidden: [122] }, { machines: [] });
    assert.match(
      text,
      /\(proxmox-tank\): VM id 122 is taken by a guest that the Proxmox token may/,
    );
  });

  it("are refused without exactly the generation that they were given, which is named", () => {
    const marks = ["homelab", "homelab-home"];
    const put = /put it back: on tank, qm set 122 --tags 'gen-0000aaaa;homelab;homelab-home'/;
    for (const [tags, seen] of [
      [marks, /carries no tag gen-/],
      [[...marks, "gen-0000aaaa", "gen-0000bbbb"], /carries gen-0000aaaa and gen-0000bbbb/],
      [[...marks, "gen-0000bbbb"], /carries gen-0000bbbb, and this stack gave it gen-0000aaaa/],
    ] as const) {
      const text = refusal({ machines: tagged(...tags) });
      assert.match(text, /homelab:machines\[1\] \(proxmox-tank\): VM 122 on tank/);
      assert.match(text, seen);
      assert.match(text, put);
    }
    const unknown = refusal({ machines: tagged(...marks) }, { machines: [] });
    assert.match(unknown, /homelab\/generation of its node has it/);
    const killed = look({ machines: tagged(...marks, "gen-0000bbbb") }, { machines: [] });
    assert.equal(killed[1]?.generation, "gen-0000bbbb");
  });

  it("keep their own tags when the right generation is to be put back", () => {
    const text = refusal({ machines: tagged("homelab", "homelab-home", "rack-a") });
    assert.match(text, /--tags 'gen-0000aaaa;homelab;homelab-home;rack-a'/);
  });

  it("are known by the state when all their marks are lost, also while they leave the config", () => {
    for (const tags of [[], ["homelab"], ["gen-0000aaaa", "homelab-home"]]) {
      const text = refusal({ machines: tagged(...tags) });
      assert.match(text, /VM 122 on tank was made by this site, but carries its tags/);
      assert.match(text, /qm set 122 --tags 'gen-0000aaaa;homelab;homelab-home'/);
      assert.doesNotMatch(text, /not of this site/);
    }
    const all = homeConfig().machines;
    const leaves = refusal(
      { machines: tagged() },
      {},
      { machines: all.filter(({ vmId }) => vmId !== 122), allowRemove: ["proxmox-tank"] },
    );
    assert.match(leaves, /homelab:machines \(proxmox-tank\): VM 122 on tank was made by this site/);
  });
});

describe("a server with too little memory", () => {
  const small = { "machines[0].memoryGiB": 3 };

  it("is refused before it is made, and said of one that runs", () => {
    const unmade = machines.slice(1);
    const known = { machines: state.machines.slice(1) };
    assert.match(
      refusal({ machines: unmade }, known, small),
      /homelab:machines\[0\]\.memoryGiB: 3 GiB are too few for a server/,
    );
    const { notes, problems } = judge({}, {}, small);
    assert.deepEqual(problems, []);
    assert.match(notes?.join("\n") ?? "", /machines\[0\]\.memoryGiB: 3 GiB are too few/);
  });
});

describe("a pool in another", () => {
  it("is not asked for its parent where it is there already", () => {
    const [inside, pools] = ["Homes/k8s", [{ name: "Homes/k8s", comment: "" }]];
    const known = { pools: [inside] };
    assert.equal(look({ pools }, known, { "proxmox.pool": inside }).length, 4);
  });

  it("needs that one to be there", () => {
    const inside = { "proxmox.pool": "Homes/k8s" };
    assert.match(
      refusal({}, {}, inside),
      /homelab:proxmox\.pool: the pool Homes, which Homes\/k8s is to be in, is not there.*--poolid Homes/,
    );
    assert.equal(look({ pools: [{ name: "Homes", comment: "" }] }, {}, inside).length, 4);
  });
});

describe("a host that is no node of the cluster", () => {
  it("is refused with those that are, whether it is misspelt or gone for good", () => {
    const text = refusal({ hosts: ["tank", "titan", "vault"] });
    assert.match(
      text,
      /\(proxmox-stone\): it was on stone.*forget-host -- --stack home --host stone/,
    );
    assert.match(
      text,
      /homelab:machines\[0\]\.host \(proxmox-stone\): stone is no node of this Proxmox cluster \(it has tank, titan, vault\)/,
    );
  });
});

describe("a host that was removed from the cluster", () => {
  const hosts = ["tank", "titan", "vault"];
  const moved = { "machines[0].host": "tank", "machines[0].name": "proxmox-stone" };

  it("keeps ids taken until its folder is gone, and its machines are asked no permission to leave", () => {
    const nothing = { machines: state.machines.slice(1) };
    assert.match(
      refusal({ hosts }, nothing, moved),
      /homelab:machines\[0\] \(proxmox-stone\): VM id 121 is still listed on stone.*rm -r \/etc\/pve\/nodes\/stone/,
    );
    const wanted = { machines: homeConfig().machines.slice(1), allowRemove: ["proxmox-stone"] };
    assert.equal(look({ hosts }, nothing, wanted).length, 3);
  });

  it("is no loss for a machine that somebody had moved away before", () => {
    const elsewhere = [{ ...stone, host: "tank" }, tank, titan, vault];
    assert.equal(look({ hosts, machines: elsewhere }, {}, moved)[0]?.generation, "gen-0000aaaa");
  });
});

describe("a second stack on one Proxmox cluster", () => {
  const cabin = machines.map((machine) => ({
    ...machine,
    tags: ["gen-0000cccc", "homelab", "homelab-cabin"],
  }));
  const nothing = { machines: [], pools: [], pciMappings: [], usbMappings: [] };

  it("is refused with every name and id that the first one has", () => {
    const text = refusal({ machines: cabin }, nothing);
    assert.match(text, /5 problems; nothing was changed/);
    assert.match(
      text,
      /homelab:machines\[0\] \(proxmox-stone\): VM id 121 is taken by proxmox-stone/,
    );
    assert.match(
      text,
      /homelab:proxmox\.pool: the pool homelab is there already \("Machines of the/,
    );
  });

  it("is refused with a PCI mapping that it did not make, and keeps its own", () => {
    const device = { host: "stone", path: "0000:01:00.0", id: "10de:2204" };
    const whole = { ...device, subsystemId: "1462:3884", iommuGroup: 12 };
    const mapping = [{ name: "gpu", devices: [whole] }];
    const found = { pciMappings: [{ name: "gpu", comment: "" }] };
    const wanted = { "proxmox.pciMappings": mapping };
    assert.match(
      refusal(found, {}, wanted),
      /homelab:proxmox\.pciMappings\[0\]\.name: the PCI mapping gpu is there already/,
    );
    assert.equal(look(found, { pciMappings: ["gpu"] }, wanted).length, 4);
  });

  it("is refused with a USB mapping that it did not make, and keeps its own", () => {
    const mapping = [{ name: "zigbee", devices: [{ host: "stone", id: "10c4:ea60" }] }];
    const found = { usbMappings: [{ name: "zigbee", comment: "" }] };
    const wanted = { "proxmox.usbMappings": mapping };
    assert.match(
      refusal(found, {}, wanted),
      /usbMappings\[0\]\.name: the USB mapping zigbee is there .* \/cluster\/mapping\/usb\/zigbee/,
    );
    assert.equal(look(found, { usbMappings: ["zigbee"] }, wanted).length, 4);
  });

  it("is refused with a machine whose cloud-init file another site's machine has", () => {
    const other = {
      vmId: 300,
      name: "tank",
      host: "vault",
      tags: ["homelab", "homelab-home-proxmox"],
    };
    assert.match(
      refusal({ machines: [...machines, other] }),
      /homelab:machines\[1\] \(proxmox-tank\): its cloud-init file home-proxmox-tank-user-data\.yaml is that of tank \(300\)/,
    );
  });

  it("works beside the first with names and ids of its own", () => {
    const others = cabin.map((machine, i) => ({ ...machine, vmId: 221 + i, name: `hut-${i}` }));
    const site = look({ machines: others, pools: [] }, nothing);
    assert.deepEqual(
      site.map(({ generation }) => generation),
      Array.from({ length: 4 }, () => "gen-ffffffff"),
    );
  });
});
