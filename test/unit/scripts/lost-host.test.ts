import assert from "node:assert/strict";
import { without } from "../../../scripts/departure/forget.ts";
import {
  machinesLost,
  objections,
  readHost,
  wentWith,
  type HostInForce,
} from "../../../scripts/lost-host/judge.ts";
import { markOutOfService } from "../../../scripts/lost-host/out-of-service.ts";
import { homeConfig } from "../stacks/sample.ts";

const members = ["tank", "titan", "vault"].map((node) => ({ node, status: "online" }));
const cleared: HostInForce = { members, guests: [], elsewhere: [122, 123, 124] };
const home = homeConfig();
const withoutStone = homeConfig({
  machines: home.machines.filter(({ host }) => host !== "stone"),
  "proxmox.hosts": home.proxmox.hosts.filter(({ name }) => name !== "stone"),
  "proxmox.endpoint": "https://192.168.1.12:8006",
  allowRemove: ["proxmox-stone"],
});

describe("a Proxmox host that is to be forgotten", () => {
  it("may be, once Proxmox and the config have nothing of it any more", () => {
    assert.deepEqual(objections("stone", withoutStone, cleared), []);
  });

  it("is kept while it is a node, online or not, or while its folder is left", () => {
    for (const [status, text] of [
      ["online", /online; only a host that is gone for good/],
      ["offline", /on tank, pvecm delnode stone/],
    ] as const) {
      const there = { ...cleared, members: [...members, { node: "stone", status }] };
      assert.match(objections("stone", withoutStone, there).join(), text);
    }
    assert.match(
      objections("stone", withoutStone, { ...cleared, guests: [121] }).join(),
      /still lists 121 on stone.*on tank, rm -r \/etc\/pve\/nodes\/stone/,
    );
  });

  it("is kept while the config has machines, an endpoint or an address of it; all are named", () => {
    const found = objections("stone", home, cleared);
    assert.equal(found.length, 3);
    assert.match(found.join("\n"), /machines still has proxmox-stone on stone/);
    assert.match(found.join("\n"), /endpoint is an address of stone; point it at .* such as tank/);
    assert.match(found.join("\n"), /proxmox\.hosts still has stone/);
  });

  it("is kept while the config has a device of it", () => {
    const gpu = { path: "0000:01:00.0", id: "10de:2204", subsystemId: "1462:3884", iommuGroup: 12 };
    const config = {
      ...withoutStone,
      proxmox: {
        ...withoutStone.proxmox,
        pciMappings: [{ name: "gpu", devices: [{ host: "stone", ...gpu }] }],
        usbMappings: [{ name: "zigbee", devices: [{ host: "stone", id: "10c4:ea60" }] }],
      },
    };
    assert.match(
      objections("stone", config, cleared).join("\n"),
      /pciMappings still has a device of stone under gpu.*\n.*usbMappings .* under zigbee/,
    );
  });

  it("is read from the cluster's list, guests of removed hosts too", async () => {
    const rows = [
      { type: "node", node: "tank", status: "online" },
      { type: "qemu", node: "stone", vmid: 121, status: "unknown" },
      { type: "qemu", node: "tank", vmid: 122, status: "running" },
    ];
    assert.deepEqual(await readHost(() => Promise.resolve(rows as never), "stone"), {
      members: [{ node: "tank", status: "online" }],
      guests: [121],
      elsewhere: [122],
    });
  });
});

describe("a state without a host", () => {
  const vm = "proxmoxve:index/vmLegacy:VmLegacy";
  const deployment = (resources: readonly object[]) =>
    ({ version: 3, deployment: { resources } }) as never;
  const isGone = wentWith("stone", cleared);

  it("has no machine, cloud-init file and image of it, and nothing refers to them", () => {
    const kept = { urn: "ha", type: "proxmoxve:index/haresource:Haresource" };
    const step = { urn: "step", type: "command:remote:Command" };
    const image = { urn: "image", type: "proxmoxve:download/file:File" };
    const before = deployment([
      { ...image, inputs: { nodeName: "stone" } },
      { urn: "file", type: "proxmoxve:index/fileLegacy:FileLegacy", inputs: { nodeName: "stone" } },
      { urn: "vm", type: vm, inputs: { nodeName: "stone", vmId: 121 } },
      { urn: "other", type: vm, inputs: { nodeName: "tank", vmId: 122 } },
      { ...kept, dependencies: ["vm"] },
      { ...step, dependencies: ["vm", "other"], deletedWith: "vm" },
    ]);
    assert.deepEqual(
      without(before, isGone),
      deployment([
        { urn: "other", type: vm, inputs: { nodeName: "tank", vmId: 122 } },
        { ...kept, dependencies: [] },
        { ...step, dependencies: ["other"] },
      ]),
    );
  });

  it("keeps a machine that is elsewhere by now, and the new one of two with one name", () => {
    const moved = { urn: "a", type: vm, inputs: { nodeName: "stone", vmId: 123 } };
    const fresh = { urn: "b", type: vm, inputs: { nodeName: "tank", vmId: 121 } };
    const old = { urn: "b", type: vm, delete: true, inputs: { nodeName: "stone", vmId: 121 } };
    const step = { urn: "s", dependencies: ["a", "b"] };
    assert.deepEqual(
      without(deployment([moved, fresh, step, old]), isGone),
      deployment([moved, fresh, step]),
    );
  });
});

describe("the nodes of a lost host", () => {
  const vm = "proxmoxve:index/vmLegacy:VmLegacy";
  const isGone = wentWith("stone", cleared);
  const machine = (name: string, nodeName: string, vmId: number) =>
    ({ urn: `${name}-${nodeName}`, type: vm, inputs: { name, nodeName, vmId } }) as never;

  it("are those of its machines, but for one that was built anew on another host", () => {
    const resources = [
      machine("proxmox-stone", "stone", 121),
      machine("proxmox-attic", "stone", 125),
      machine("proxmox-attic", "tank", 126),
    ];
    assert.deepEqual(machinesLost(resources, isGone), ["proxmox-stone"]);
  });

  /** Marks one node while kubectl answers so, one answer a call; gives what was said and how often it was called. */
  const mark = async (...answers: readonly string[]) => {
    const said: string[] = [];
    const calls: string[] = [];
    const cluster = (program: string, args: readonly string[]) => {
      const stderr = answers[calls.length] ?? "";
      calls.push([program, ...args].join(" "));
      return Promise.resolve({ ok: stderr === "", stdout: "", stderr });
    };
    const pause = () => Promise.resolve();
    await markOutOfService(["proxmox-stone"], cluster, (text) => said.push(text), pause);
    return { said, calls };
  };

  it("are marked as out of service, once the control plane's address has moved", async () => {
    const { said, calls } = await mark("no route to host");
    assert.equal(calls.length, 2);
    assert.match(
      calls[1] ?? "",
      /^kubectl taint node proxmox-stone node\.kubernetes\.io\/out-of-service=nodeshutdown:NoExecute --overwrite /,
    );
    assert.deepEqual(said, ["proxmox-stone: its pods start elsewhere now"]);
  });

  it("are left out where the cluster does not know them, and named where it does not answer", async () => {
    assert.deepEqual(await mark('Error from server (NotFound): nodes "proxmox-stone" not found'), {
      said: [],
      calls: (await mark("NotFound")).calls,
    });
    const silent = await mark(...Array<string>(4).fill("no route to host"));
    assert.equal(silent.calls.length, 4);
    assert.match(
      silent.said.join(),
      /later; once it answers: kubectl taint node proxmox-stone .*no route/,
    );
  });
});
