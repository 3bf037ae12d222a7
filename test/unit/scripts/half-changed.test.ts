import assert from "node:assert/strict";
import type { RefreshOptions, RefreshResult } from "@pulumi/pulumi/automation/index.js";
import { lookAtHalfChanged, tellHalfChanged } from "../../../scripts/repair/half-changed.ts";

const vm = "urn:pulumi:home::homelab::x$proxmoxve:index/vmLegacy:VmLegacy::proxmox-tank-vm";
const pod = "urn:pulumi:home::homelab::kubernetes:core/v1:Pod::pod";

describe("what the last run changed half way", () => {
  type Errors = Readonly<Record<string, readonly string[]>>;

  const stateOf = (errors: Errors) => ({
    resources: [vm, pod].map((urn) => ({
      urn,
      type: urn === vm ? "proxmoxve:index/vmLegacy:VmLegacy" : "kubernetes:core/v1:Pod",
      ...(errors[urn] === undefined ? {} : { initErrors: errors[urn] }),
    })),
  });

  /** What is refreshed and said, where these have the errors given. */
  async function looked(errors: Errors) {
    const refreshed: (readonly string[] | undefined)[] = [];
    const said: string[] = [];
    const stack = {
      refresh: (options?: RefreshOptions) => {
        refreshed.push(options?.target);
        return Promise.resolve({} as RefreshResult);
      },
    };
    await lookAtHalfChanged(stack, stateOf(errors), (text) => said.push(text));
    return { refreshed, said: said.join("\n") };
  }

  it("is asked of Proxmox, whose provider saves it as if it had been done", async () => {
    const { refreshed, said } = await looked({ [vm]: ["VM is locked (backup)"] });
    assert.deepEqual(refreshed, [[vm]]);
    assert.match(said, /^proxmox-tank-vm: its last change failed/);
  });

  it("is left to the engine where the cluster has it: what failed there is the wait", async () => {
    assert.deepEqual(await looked({ [pod]: ["not ready"] }), { refreshed: [], said: "" });
    assert.deepEqual(await looked({ [vm]: [] }), { refreshed: [], said: "" });
  });

  it("is told by a preview, which takes it for made", () => {
    const said: string[] = [];
    tellHalfChanged(stateOf({ [vm]: ["VM is locked (backup)"] }), (text) => said.push(text));
    assert.match(said.join("\n"), /^proxmox-tank-vm: .*takes it for made; .*--refresh/);
    tellHalfChanged(stateOf({ [pod]: ["not ready"] }), (text) => said.push(text));
    assert.equal(said.length, 1);
  });
});
