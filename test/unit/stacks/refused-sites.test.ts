import assert from "node:assert/strict";
import { RunError, runtime } from "@pulumi/pulumi";
import { readSecrets } from "../../../components/security/secrets.ts";
import { readSiteFile } from "../../../stacks/site-file.ts";
import { siteSecrets } from "../../../stacks/schema.ts";
import { secretSources } from "../../../stacks/config/secret-sources.ts";
import { deploySite } from "../../../stacks/site.ts";
import { record, type Recording } from "../../recorder.ts";
import { refusedSites, type RefusedSite } from "./refused/index.ts";
import { changed } from "./sample.ts";

/** The program as `index.ts` runs it, without an engine; gives what it asked for and how it ended. */
async function run(
  site: Omit<RefusedSite, "at" | "says">,
): Promise<{ recording: Recording; error: unknown }> {
  const recording = await record(site.stack ?? "home");
  const raw = { ...changed(site.edit), ...site.raw };
  runtime.setAllConfig(raw, [...(site.encrypted ?? [])]);
  try {
    const { name, config } = readSiteFile();
    const sources = secretSources(config.onePassword, {});
    await readSecrets(siteSecrets(config), { ...sources, patience: 300 });
    await deploySite(name, config);
    return { recording, error: undefined };
  } catch (error) {
    return { recording, error };
  }
}

describe("refused sites", () => {
  after(() => {
    runtime.setAllConfig({});
  });

  it("are of every section, each with a name of its own", () => {
    const names = refusedSites.map(([name]) => name);
    assert.deepEqual(names, [...new Set(names)]);
    const sections = new Set(refusedSites.map(([, { at }]) => at.split(/[.[:]/)[1] ?? at));
    const expected = [
      ...[
        "site",
        "versions",
        "people",
        "proxmox",
        "machines",
        "cluster",
        "network",
        "onePassword",
        "tailnet",
        "edge",
        "gateway",
      ],
      ...["storage", "dns", "names", "certificates", "reloader", "monitoring"],
      ...["logs", "argocd", "postgres", "identity"],
      ...["apps", "devices", "allowReplace", "allowRemove", "allowDataLoss"],
    ];
    assert.deepEqual(
      expected.filter((section) => !sections.has(section)),
      [],
    );
  });

  for (const [name, site] of refusedSites) {
    it(`are: ${name}`, async () => {
      const { recording, error } = await run(site);
      assert.ok(RunError.isInstance(error), `ended with ${String(error)}`);
      assert.deepEqual([recording.resources, recording.invokes], [[], []]);
      const place = `  ${site.at}: `;
      const line = error.message.split("\n").find((one) => one.startsWith(place));
      assert.ok(line !== undefined, `no line for ${site.at} in: ${error.message}`);
      assert.match(line.slice(place.length), site.says);
      assert.match(error.message, /^.* nothing was changed:\n/);
      assert.ok(!/canary/i.test(error.message), "the message repeats a secret");
    });
  }

  it("name all their problems at once, whatever section they are in", async () => {
    const edit = {
      ...{ "machines[1].vmId": 121, "network.bgp.routerAsn": 64_512, "edge.replicas": 5 },
      ...{ "tailnet.connector.replicas": 5, "apps.typeo.access": [] },
    };
    const { error } = await run({ edit });
    assert.ok(RunError.isInstance(error));
    assert.match(error.message, /^Pulumi\.home\.yaml has 5 problems; nothing was changed:\n/);
  });
});
