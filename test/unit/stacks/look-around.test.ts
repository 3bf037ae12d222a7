import assert from "node:assert/strict";
import { RunError } from "@pulumi/pulumi";
import { lookAround } from "../../../stacks/look-around.ts";
import { poolNotes } from "../../../stacks/parts/network/look.ts";
import { openSite } from "../../../stacks/open-site.ts";
import { depsIn } from "../site-deps.ts";
import { homeConfig } from "./sample.ts";

describe("load balancers that move", () => {
  it("are said beforehand, and not in a site that keeps them or has none yet", () => {
    const config = homeConfig();
    assert.deepEqual(poolNotes(config, {}), []);
    assert.deepEqual(poolNotes(config, { loadBalancers: "10.96.0.0/16" }), []);
    assert.match(
      poolNotes(config, { loadBalancers: "10.97.0.0/16" }).join(),
      /move from 10\.97\.0\.0\/16 to 10\.96\.0\.0\/16: .*get other addresses/,
    );
  });
});

describe("what stands against a site at Proxmox", () => {
  it("is named at once, whether it is of machines, the first server or datastores", async () => {
    const config = homeConfig({ "machines[3].datastores": { disks: "ceph" } });
    const other = { vmId: 122, name: "photos", nodeName: "tank", tags: [] };
    const deps = depsIn({ vms: [other] });
    const site = await openSite("home", config, deps.readSecrets);
    await assert.rejects(lookAround(site, deps), (error) => {
      assert.ok(RunError.isInstance(error), String(error));
      assert.match(error.message, /has 2 problems; nothing was changed/);
      assert.match(error.message, /\(proxmox-tank\): VM id 122 is taken by photos/);
      assert.match(error.message, /\(proxmox-vault\): Proxmox shows no datastore ceph/);
      return true;
    });
  });
});
