import assert from "node:assert/strict";
import { canariesOf, expectNone } from "./canaries.ts";
import { routerOf } from "./cluster.ts";
import { run } from "./command.ts";
import { expectNothingOutside } from "./outside.ts";
import { forgetProcesses, seenProcesses } from "./processes.ts";
import { eventually, machines, proxmox } from "./site.ts";
import { given, siteExists } from "./states.ts";
import { tailscale } from "./world.ts";

describe("destroy", () => {
  given(siteExists);

  it("leaves nothing behind", async () => {
    const canaries = await canariesOf("home");
    await forgetProcesses();
    const said = await run`pulumi destroy --yes --skip-preview --stack home`;
    expectNone(canaries, said, "what destroy says");
    expectNone(canaries, await seenProcesses(), "a command line");
    assert.deepEqual(await machines("home"), []);
    assert.deepEqual(await proxmox("home", "pools"), []);
    for (const host of ["stone", "tank", "titan", "vault"]) {
      for (const storage of ["local", "local-lvm"]) {
        assert.deepEqual(await proxmox("home", `nodes/${host}/storage/${storage}/content`), []);
      }
    }
    await eventually(20, async () => assert.deepEqual((await routerOf("home")).sessions, []));
  });

  it("takes tunnel, record, Access, keys and devices along, and puts the policy back", async () => {
    await expectNothingOutside();
    const text = await tailscale("GET", "tailnet/-/acl");
    assert.ok(!text.includes("tag:home"), text);
    assert.deepEqual(JSON.parse(await tailscale("GET", "tailnet/-/dns/split-dns")), {});
  });
});
