import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSettings, servesAs, writeSettings, type LabSettings } from "../host/settings.ts";
import { labPaths } from "../host/paths.ts";

/** In the order in which `ensureTools` gives them, which is not that of the file. */
const wanted: LabSettings = {
  tools: {
    repositories: "/tools/repositories",
    bin: "/tools/bin",
    kubernetesBin: "/tools/kubernetes",
    guest: "/tools/guest",
    rke2: "/tools/rke2",
    tailscale: "/tools/tailscale",
    plugins: "/tools/plugins",
    kubernetesPlugin: "/tools/kubernetes-plugin",
    podPrograms: "/tools/pods",
    acme: "/tools/acme",
  },
  plugins: [],
};

describe("what a lab was started with", () => {
  let directory: string;
  let running: LabSettings;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "settings-"));
    const paths = { ...labPaths(), run: directory };
    await writeSettings(paths, { ...wanted, charts: "/charts" });
    running = await readSettings(paths);
  });

  after(async () => {
    await rm(directory, { recursive: true });
  });

  it("serves who wants the same, or no charts of their own", () => {
    assert.ok(servesAs(running, { ...wanted, charts: "/charts" }));
    assert.ok(servesAs(running, wanted));
  });

  it("does not serve who has newer tools or other charts", () => {
    const newer = { ...wanted, tools: { ...wanted.tools, rke2: "/tools/rke2-of-today" } };
    assert.ok(!servesAs(running, newer));
    assert.ok(!servesAs(running, { ...wanted, charts: "/other" }));
  });
});
