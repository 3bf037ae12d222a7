import assert from "node:assert/strict";
import type { ResourceHook, ResourceHookArgs } from "@pulumi/pulumi";
import { freeService } from "../../../components/tailnet/services.ts";
import { record } from "../../recorder.ts";
import { smallApi, type SmallApi } from "./tailnet-api.ts";

describe("the Service of a group for the API servers", () => {
  let api: SmallApi;
  let hooks: readonly ResourceHook[];
  const run = async () => {
    for (const hook of hooks) await hook.callback({} as ResourceHookArgs);
  };
  beforeEach(async () => {
    api = await smallApi();
    await record("home");
    hooks = freeService("free", api.client(), "tag:home-connector", "home-api");
  });
  afterEach(() => api.close());

  it("goes before a new group, for it belongs to the cluster that made it", async () => {
    api.tailnet.services = new Map([
      ["svc:home-api", ["tag:home-connector"]],
      ["svc:photos", ["tag:home-connector"]],
    ]);
    await run();
    assert.deepEqual([...api.tailnet.services.keys()], ["svc:photos"]);
    await run();
  });

  it("is left to others, and refused already in a preview", async () => {
    api.tailnet.services = new Map([["svc:home-api", ["tag:home-connector", "tag:other"]]]);
    await assert.rejects(run(), /Service svc:home-api with tag:home-connector, tag:other/);
    assert.deepEqual([...api.tailnet.services.keys()], ["svc:home-api"]);
    assert.deepEqual(
      hooks.map(({ opts }) => opts?.onDryRun),
      [true, undefined],
      "a preview takes nothing away",
    );
  });

  it("is none where the client may not look", async () => {
    api.tailnet.faults.push({ status: 403 });
    assert.deepEqual(await api.client().services(), []);
  });
});
