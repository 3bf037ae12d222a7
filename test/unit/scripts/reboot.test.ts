import assert from "node:assert/strict";
import { choose, type Wanted } from "../../../scripts/reboot/choose.ts";
import { checkPending, waitingSettings } from "../../../stacks/parts/proxmox/doctor/pending.ts";

const machines = [
  { name: "attic", vmId: 124, address: "192.0.2.4", role: "agent" },
  { name: "stone", vmId: 121, address: "192.0.2.1", role: "server" },
  { name: "cellar", vmId: 125, address: "192.0.2.5", role: "agent" },
  { name: "tank", vmId: 122, address: "192.0.2.2", role: "server" },
] as const;

/** A site where machines wait for settings, by VM id, and for a new kernel, by address. */
const site = (settings: Readonly<Record<number, readonly string[]>> = {}, kernels = "") => ({
  power: { pending: (vmId: number) => Promise.resolve(settings[vmId] ?? []) },
  run: (address: string) => Promise.resolve(kernels.split(" ").includes(address) ? "due\n" : "\n"),
});

const chosen = async (wanted: Wanted, asked = site()) =>
  (await choose(machines, wanted, asked)).map(({ name }) => name);

describe("machines that are to restart", () => {
  it("are all of them, servers first, each in the config's order", async () => {
    assert.deepEqual(await chosen({}), ["stone", "tank", "attic", "cellar"]);
  });

  it("are one that is named, whether it waits or not, and never one that is not there", async () => {
    assert.deepEqual(await chosen({ machine: "cellar" }), ["cellar"]);
    await assert.rejects(
      chosen({ machine: "vault" }),
      /vault is no machine of the site; it has stone, tank, attic, cellar/,
    );
  });

  it("are, where only those are asked for, who wait for a new kernel or for settings", async () => {
    const due = { due: true } as const;
    assert.deepEqual(await chosen(due), []);
    const asked = site({ 122: ["memory"], 125: ["agent"] }, "192.0.2.4");
    assert.deepEqual(await chosen(due, asked), ["tank", "attic"]);
  });

  it("are unknown where one does not say whether it waits", async () => {
    const run = (address: string) =>
      address === "192.0.2.2" ? Promise.reject(new Error("no route to host")) : Promise.resolve("");
    await assert.rejects(chosen({ due: true }, { ...site(), run }), /no route to host/);
  });
});

describe("settings that wait for a machine's next start", () => {
  it("are all but the guest agent of a machine that was made without one", () => {
    assert.deepEqual(waitingSettings(["agent", "cores", "memory"]), ["cores", "memory"]);
    assert.deepEqual(waitingSettings(["agent"]), []);
  });

  it("are a warning of the doctor with the command, and no finding where nobody says", async () => {
    const access = { endpoint: "https://192.0.2.1:8006", token: "homelab@pve!pulumi=none" };
    const power = {
      pending: (vmId: number) =>
        vmId === 121
          ? Promise.reject(new Error("595 no route to host"))
          : Promise.resolve(vmId === 122 ? ["agent", "memory"] : ["agent"]),
    };
    const found = await checkPending(access, "home", machines, power);
    assert.deepEqual(
      found.map(({ severity }) => severity),
      ["ok", "warning", "ok", "warning"],
    );
    assert.match(found[1]?.text ?? "", /595 no route to host/);
    assert.match(found[3]?.text ?? "", /wait for its next start by Proxmox: memory$/);
    assert.equal(found[3]?.remedy, "npm run reboot -- --stack home --machine tank");
  });
});
