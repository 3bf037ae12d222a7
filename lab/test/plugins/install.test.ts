import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { installPlugins, sdkVersions, type PluginSources } from "../../plugins/install.ts";

describe("lab plugins", () => {
  let folder: string;
  let sources: PluginSources;
  const program = (...path: string[]): string => {
    const file = join(folder, ...path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, "#!/bin/sh\n", { mode: 0o755 });
    return file;
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "plugins-"));
    sources = {
      pulumiHome: join(folder, "home"),
      toolsBin: join(folder, "tools"),
      standIns: { plugins: program("stand-ins"), kubernetesPlugin: program("kubernetes") },
      userHome: join(folder, "user"),
      searchPath: "",
      versions: { command: "1.2.1", nodejs: "3.259.0", kubernetes: "4.34.2" },
    };
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("links the stand-ins where nothing official is at hand", async () => {
    const installed = await installPlugins(sources);
    assert.deepEqual(
      installed.map(({ name, kind }) => [name, kind]),
      [
        ["command", "stand-in"],
        ["nodejs", "stand-in"],
        ["kubernetes", "stand-in"],
      ],
    );
    const plugins = join(sources.pulumiHome, "plugins");
    assert.equal(
      readlinkSync(join(plugins, "resource-command-v1.2.1/pulumi-resource-command")),
      sources.standIns.plugins,
    );
    assert.equal(
      readlinkSync(join(plugins, "language-nodejs-v3.259.0/pulumi-language-nodejs")),
      sources.standIns.plugins,
    );
    assert.equal(
      readlinkSync(join(plugins, "resource-kubernetes-v4.34.2/pulumi-resource-kubernetes")),
      sources.standIns.kubernetesPlugin,
    );
  });

  it("prefers the named folder, then the user's own plugins of the same version", async () => {
    const own = program("user/plugins/resource-command-v1.2.1/pulumi-resource-command");
    program("user/plugins/resource-command-v9.9.9/pulumi-resource-command");
    const [first] = await installPlugins(sources);
    assert.deepEqual(first, { name: "command", version: "1.2.1", kind: "official", path: own });
    const named = program("named/pulumi-resource-command");
    const [second] = await installPlugins({ ...sources, official: join(folder, "named") });
    assert.equal(second?.path, named);
  });

  it("takes an official language host from beside pulumi or from PATH", async () => {
    const onPath = program("path/pulumi-language-nodejs");
    const searchPath = dirname(onPath);
    assert.equal((await installPlugins({ ...sources, searchPath }))[1]?.path, onPath);
    const beside = program("tools/pulumi-language-nodejs");
    assert.equal((await installPlugins({ ...sources, searchPath }))[1]?.path, beside);
  });

  it("goes back to the stand-in when the official plugin is gone", async () => {
    const official = join(folder, "named");
    const named = program("named/pulumi-resource-command");
    assert.equal((await installPlugins({ ...sources, official }))[0]?.kind, "official");
    rmSync(named);
    assert.equal((await installPlugins({ ...sources, official }))[0]?.kind, "stand-in");
  });

  it("takes the versions that the installed SDKs ask for", () => {
    assert.deepEqual(Object.keys(sdkVersions()).sort(), [
      ...["cloudflare", "command", "kubernetes", "nodejs", "proxmoxve", "random"],
      ...["tailscale", "tls"],
    ]);
    assert.equal(sdkVersions().cloudflare, "6.22.1");
    assert.equal(sdkVersions().tailscale, "0.29.1");
    assert.equal(sdkVersions().proxmoxve, "8.6.0");
  });

  it("says which folder or binary is missing", async () => {
    await assert.rejects(installPlugins({ ...sources, official: "/nowhere" }), /HOMELAB_PLUGINS=/);
    for (const name of ["plugins", "kubernetesPlugin"] as const) {
      const standIns = { ...sources.standIns, [name]: "/nowhere" };
      await assert.rejects(installPlugins({ ...sources, standIns }), /nowhere: no executable/);
    }
  });
});
