import assert from "node:assert/strict";
import { RunError } from "@pulumi/pulumi";
import { checkMachines } from "../../../stacks/parts/machines/look.ts";
import { homeConfig } from "./sample.ts";

describe("a site's machines beside those that exist", () => {
  it("are refused with every machine that would leave or be renamed, in one message", () => {
    const machines = homeConfig().machines.map(({ name, vmId, host }) => ({
      ...{ name, vmId, host },
      tags: ["gen-0000aaaa", "homelab", "homelab-home"],
    }));
    const config = homeConfig({ "machines[3].name": "proxmox-loft" });
    const attic = { ...machines[0]!, name: "proxmox-attic", vmId: 140 };
    const inventory = { machines: [...machines, attic], offline: [] };
    assert.throws(
      () => checkMachines({ name: "home", config }, inventory),
      (error: Error) => {
        assert.ok(RunError.isInstance(error));
        assert.match(error.message, /2 problems; nothing was changed/);
        assert.match(error.message, /homelab:machines\[3\] \(proxmox-loft\): VM id 124 is that of/);
        assert.match(error.message, /homelab:machines \(proxmox-attic\): .*VM 140 on stone would/);
        return true;
      },
    );
  });
});
