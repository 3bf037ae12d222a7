import assert from "node:assert/strict";
import { RunError, runtime } from "@pulumi/pulumi";
import { readSecrets } from "../../../components/security/secrets.ts";
import { readSiteFile } from "../../../stacks/site-file.ts";
import { siteSecrets } from "../../../stacks/schema.ts";
import { secretSources } from "../../../stacks/config/secret-sources.ts";
import { deploySite } from "../../../stacks/site.ts";
import { record, type Recording } from "../../recorder.ts";
import { brokenSites, type BrokenSite } from "./broken-sites.ts";
import { changed } from "./sample.ts";

/** The program as `index.ts` runs it, without an engine; gives what it asked for and how it ended. */
async function run(site: BrokenSite): Promise<{ recording: Recording; error: unknown }> {
  const recording = await record(site.stack ?? "home");
  const raw = { ...changed(site.changes), ...site.raw };
  runtime.setAllConfig(raw, [...(site.encrypted ?? [])]);
  try {
    const { name, config } = readSiteFile();
    const sources = secretSources(config.onePassword, site.env ?? {});
    await readSecrets(siteSecrets(config), { ...sources, patience: 300 });
    await deploySite(name, config);
    return { recording, error: undefined };
  } catch (error) {
    return { recording, error };
  }
}

describe("broken sites", () => {
  after(() => {
    runtime.setAllConfig({});
  });

  it("are at least 45, of every section", () => {
    assert.ok(brokenSites.length >= 45, String(brokenSites.length));
    const sections = new Set(brokenSites.map(({ path }) => path.split(/[.[:]/)[1] ?? path));
    const expected = [
      ...[
        "site",
        "versions",
        "proxmox",
        "machines",
        "cluster",
        "network",
        "onePassword",
        "tailnet",
        "edge",
      ],
      ...["apps", "allowReplace", "allowRemove"],
    ];
    assert.deepEqual(
      expected.filter((section) => !sections.has(section)),
      [],
    );
  });

  for (const site of brokenSites) {
    it(`refuses ${site.what}, before anything is registered`, async () => {
      const { recording, error } = await run(site);
      assert.ok(RunError.isInstance(error), `ended with ${String(error)}`);
      assert.deepEqual([recording.resources, recording.invokes], [[], []]);
      const line = error.message
        .split("\n")
        .find((candidate) => candidate.startsWith(`  ${site.path}: `));
      assert.ok(line !== undefined, `no line for ${site.path} in: ${error.message}`);
      assert.match(line, site.advice);
      assert.match(error.message, /^.* nothing was changed:\n/);
      assert.ok(!/canary/i.test(error.message), "the message repeats a secret");
    });
  }

  it("name all their problems at once, whatever section they are in", async () => {
    const changes = {
      ...{ "machines[1].vmId": 121, "network.bgp.routerAsn": 64_512, "edge.replicas": 5 },
      ...{ "tailnet.connector.name": "proxmox-tank", "apps.typeo.access": [] },
    };
    const { error } = await run({ what: "", path: "", advice: /x/, changes });
    assert.ok(RunError.isInstance(error));
    assert.match(error.message, /^Pulumi\.home\.yaml has 5 problems; nothing was changed:\n/);
  });
});
