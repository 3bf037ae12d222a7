import assert from "node:assert/strict";
import { conflicts, type WantedMachine } from "../../../components/proxmox/conflicts.ts";
import type { ExistingMachine } from "../../../components/proxmox/inventory.ts";
import { machineGeneration } from "../../../components/proxmox/generation.ts";
import { generationsOf, machineTags } from "../../../components/proxmox/tags.ts";

const ha = { maxRestart: 1, maxRelocate: 1 };

describe("conflicts with existing machines", () => {
  const wanted = {
    vmId: 121,
    name: "proxmox-stone",
    host: "stone",
    role: "server",
    address: "192.168.1.21",
    ...{ uefi: false, cpuType: "host", datastores: { snippets: "local" } },
  } satisfies WantedMachine;
  const others = ["tank", "titan"].map((host, i) => ({
    ...{ ...wanted, name: `proxmox-${host}`, vmId: 122 + i, host, address: `192.168.1.${22 + i}` },
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
      known: [],
      offline: [],
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
      /runs on tank now, the config says stone: this would destroy .*only database among them/,
    );
    assert.match(found(own({ vmId: 120 }))[0] ?? "", /VM id is 120 now, the config says 121/);
    assert.deepEqual(found(own({ host: "tank" }), ["proxmox-stone"]), []);
  });

  it("name both hosts of a machine that was migrated, and both ways that keep its disks", () => {
    const [text = ""] = found(own({ host: "tank" }));
    assert.match(text, /it runs on tank now, the config says stone/);
    assert.match(
      text,
      /write { name: proxmox-stone, host: tank }, or .*: on tank, qm shutdown 121 && qm migrate 121 stone, and on stone, qm start 121 /,
    );
    const [alike = ""] = found(own({ host: "tank" }), [], { cpuType: "x86-64-v3" });
    assert.match(alike, /: on tank, qm migrate 121 stone --online --with-local-disks /);
    assert.match(found(own({ vmId: 120 }))[0] ?? "", /; undo the change, or name proxmox-stone/);
  });

  it("let HA move a machine", () => {
    assert.deepEqual(found(own({ host: "tank" }), [], { ha }), []);
  });

  it("rebuild the first of several servers as they do any other: while the others stand", () => {
    const texts = (existing: readonly ExistingMachine[]) =>
      conflicts({
        ...{ site: "home", wanted: [wanted, ...others], existing, known: [], offline: [] },
        allowReplace: ["proxmox-stone"],
      }).map(({ text }) => text);
    const rest = others.map(({ name, vmId, host }) => own({ name, vmId, host }));
    assert.deepEqual(texts([own({ host: "tank" }), ...rest]), []);
    assert.match(texts([own({ host: "tank" })])[0] ?? "", /proxmox-tank is not there now/);
  });

  it("rebuild a server only while every other one stands, and an agent at any time", () => {
    const names = ["proxmox-tank", "proxmox-titan", "proxmox-vault"];
    const trio = names.map((name, i) => ({
      ...{ ...wanted, name, vmId: 122 + i, host: name.slice(8), address: `192.168.1.${22 + i}` },
      role: name === "proxmox-vault" ? ("agent" as const) : ("server" as const),
    }));
    const texts = (hosts: readonly (string | undefined)[], offline: readonly string[] = []) =>
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
        known: [],
        offline,
      }).map(({ path, text }) => `${path}: ${text}`);
    assert.deepEqual(texts(["stone", "titan", "stone"]), []);
    assert.deepEqual(texts(["tank", undefined, "stone"]), []);
    const both = texts(["stone", "stone", "stone"]);
    assert.equal(both.length, 2);
    assert.match(
      both[0] ?? "",
      /^homelab:machines\[1\] \(proxmox-tank\): .*proxmox-titan is to be built anew too/,
    );
    assert.match(
      both[1] ?? "",
      /^homelab:machines\[2\] \(proxmox-titan\): .*one server anew at a time/,
    );
    const away = texts(["stone", undefined, "vault"]);
    assert.match(
      away.join(),
      /^homelab:machines\[1\] \(proxmox-tank\): .*proxmox-titan is not there now/,
    );
    const down = texts(["stone", "titan", "vault"], ["titan"]);
    assert.match(down.join(), /the host titan of proxmox-titan is down/);
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
    assert.deepEqual(generationsOf(["gen-xyz", "general", "gen-12345678"]), ["gen-12345678"]);
    assert.deepEqual(generationsOf(["homelab"]), []);
  });
});
