import assert from "node:assert/strict";
import { conflicts, type WantedMachine } from "../../../components/proxmox/conflicts.ts";
import type { ExistingMachine } from "../../../components/proxmox/inventory.ts";
import { leaving, removals, type RemovalArgs } from "../../../components/proxmox/removals.ts";

const want = (host: string, vmId: number, change: Partial<WantedMachine> = {}): WantedMachine => ({
  ...{ name: `proxmox-${host}`, vmId, host, role: "server", address: `192.168.1.${vmId}` },
  ...{ uefi: false, cpuType: "host", datastores: { snippets: "local" } },
  ...change,
});
const stone = want("stone", 121);
const tank = want("tank", 122);
const titan = want("titan", 123);
const vault = want("vault", 124, { role: "agent" });

const exists = ({ name, vmId, host }: WantedMachine): ExistingMachine => ({
  ...{ name, vmId, host },
  tags: ["homelab", "homelab-home"],
});
const everything = [stone, tank, titan, vault].map(exists);

const texts = (change: Partial<RemovalArgs>): readonly string[] =>
  removals({
    site: "home",
    wanted: [stone, tank, titan],
    existing: everything,
    known: [],
    offline: [],
    allowReplace: [],
    allowRemove: [],
    ...change,
  }).map(({ path, text }) => `${path}: ${text}`);

const allowed = { allowRemove: ["proxmox-vault", "proxmox-titan", "proxmox-stone"] };

describe("machines that leave the config", () => {
  it("are those of the site alone", () => {
    const photos = { name: "photos", vmId: 500, host: "stone", tags: [] };
    const cabin = { ...photos, name: "hut", tags: ["homelab", "homelab-cabin"] };
    const existing = [...everything, photos, cabin];
    const found = leaving({ site: "home", wanted: [stone, tank, titan], existing, known: [] });
    assert.deepEqual(
      found.map(({ name }) => name),
      ["proxmox-vault"],
    );
    assert.deepEqual(texts({ wanted: [stone, tank, titan, vault], existing }), []);
  });

  it("stay unless allowRemove names them; allowReplace is no permission", () => {
    for (const change of [{}, { allowReplace: ["proxmox-vault"] }]) {
      const [text = "", ...more] = texts(change);
      assert.match(
        text,
        /^homelab:machines \(proxmox-vault\): .* VM 124 on vault would be destroyed with its disks/,
      );
      assert.match(text, /name proxmox-vault under homelab:allowRemove/);
      assert.deepEqual(more, []);
    }
    assert.deepEqual(texts(allowed), []);
  });

  it("leave one in a run", () => {
    const both = texts({ ...allowed, wanted: [stone, tank] });
    assert.equal(both.length, 2);
    assert.match(
      both[0] ?? "",
      /^homelab:machines \(proxmox-titan\): machines leave one in an up, and proxmox-vault/,
    );
    assert.match(
      both[1] ?? "",
      /^homelab:machines \(proxmox-vault\): .*proxmox-titan would leave too/,
    );
  });

  it("leave while a new server comes, but not in place of the first", () => {
    const attic = want("attic", 125);
    assert.deepEqual(texts({ ...allowed, wanted: [stone, tank, attic, vault] }), []);
    assert.match(
      texts({ ...allowed, wanted: [attic, tank, titan, vault] }).join(),
      /^homelab:machines \(proxmox-stone\): the first server, proxmox-attic, has to be there already/,
    );
    assert.deepEqual(texts({ ...allowed, wanted: [tank, titan, vault] }), []);
  });

  it("stay while the host of a server that stays is down", () => {
    assert.match(
      texts({ ...allowed, offline: ["tank"] }).join(),
      /^homelab:machines \(proxmox-vault\): the host tank of the server proxmox-tank is down: bring it back/,
    );
  });

  it("have the name that the state knows while their host, which is down, does not tell it", () => {
    const existing = everything.map((machine) =>
      machine.vmId === 124 ? { ...machine, name: "" } : machine,
    );
    const known = everything.map((machine) => ({ ...machine, disks: [] }));
    const vaultIsDown = { existing, known, offline: ["vault"] };
    assert.match(
      texts(vaultIsDown).join(),
      /^homelab:machines \(proxmox-vault\): .*VM 124 on vault would be/,
    );
    assert.deepEqual(texts({ ...allowed, ...vaultIsDown }), []);
    assert.match(texts({ existing, offline: ["vault"] }).join(), /^homelab:machines \(VM 124\)/);
  });

  it("stay while another machine is built anew", () => {
    const wanted = [stone, tank, { ...titan, host: "tank" }];
    assert.match(
      texts({ ...allowed, allowReplace: ["proxmox-titan"], wanted }).join(),
      /^homelab:machines \(proxmox-vault\): proxmox-titan is to be built anew; .*up of its own/,
    );
  });
});

describe("a machine that is renamed", () => {
  it("is refused, whatever the config allows: two machines cannot share a VM id", () => {
    const loft = { ...vault, name: "proxmox-loft" };
    const found = conflicts({
      site: "home",
      wanted: [stone, tank, titan, loft],
      existing: everything,
      allowReplace: ["proxmox-loft"],
      known: [],
      offline: [],
    });
    assert.deepEqual(
      found.map(({ path }) => path),
      ["homelab:machines[3] (proxmox-loft)"],
    );
    assert.match(found[0]?.text ?? "", /VM id 124 is that of proxmox-vault.*cannot be renamed/);
    assert.match(found[0]?.text ?? "", /another vmId and address.*homelab:allowRemove/);
    assert.deepEqual(texts({ wanted: [stone, tank, titan, loft] }), []);
  });
});
