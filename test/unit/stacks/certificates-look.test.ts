import assert from "node:assert/strict";
import { RunError } from "@pulumi/pulumi";
import { VaultKeeper } from "../../../components/certificates/keeper.ts";
import { OnePassword } from "../../../components/security/one-password.ts";
import { findKept } from "../../../stacks/parts/certificates/look.ts";
import { record } from "../../recorder.ts";
import { ConnectTrial } from "../components/secret-trial.ts";
import { homeConfig } from "./sample.ts";

describe("a look at kept certificates", () => {
  const connect = new ConnectTrial();
  before(() => connect.start());
  before(() => record("home"));
  beforeEach(() => {
    connect.reset();
  });
  after(() => connect.stop());

  const site = { name: "home", config: homeConfig() };
  const look = (preview = false) =>
    findKept(
      site,
      new VaultKeeper("home", "Homelab", { ...connect.sources, patience: 5000 }),
      preview,
    );

  /** Reads go through, and writes are refused as Connect refuses a token that may only read. */
  const readOnly = (status: number): void => {
    connect.faults = {
      consult: (_service, { method }) =>
        Promise.resolve(method === "POST" ? { status, body: "{}" } : undefined),
    };
  };

  it("finds that Connect's token may write, and makes no item of it", async () => {
    assert.equal((await look())?.found.size, 0);
    const { vault } = await new OnePassword(connect.sources).item("Homelab", "Proxmox VE");
    assert.ok(connect.calls.includes(`/v1/vaults/${vault?.id}/items`));
    assert.equal((await look())?.found.size, 0);
  });

  // 401 by releases of old, 403 by those of now.
  for (const status of [401, 403]) {
    it(`refuses an up by a token that may only read (${status}), before anything is changed`, async () => {
      readOnly(status);
      await assert.rejects(look(), (error: Error) => {
        assert.ok(error instanceof RunError);
        assert.match(
          error.message,
          /^homelab:certificates\.vault: .* may not write to vault "Home/,
        );
        assert.match(error.message, /Homelab,rw.*homelab:certificates\.keep: false/);
        return true;
      });
    });
  }

  it("lets a preview by such a token pass: it keeps nothing", async () => {
    readOnly(403);
    assert.equal((await look(true))?.found.size, 0);
  });
});
