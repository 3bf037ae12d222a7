import assert from "node:assert/strict";
import type { SeenResource } from "../../../policy/rule.ts";
import { resourceRules, secretAwareRules, stackRules } from "../../../policy/rules.ts";
import { bare, text } from "../../../policy/seen.ts";
import { appsSite } from "../stacks/apps-site.ts";
import { devicesSite } from "../stacks/devices-site.ts";
import { homeConfig } from "../stacks/sample.ts";
import { resourcesOf, siteResources } from "./site-resources.ts";

function violations(resources: readonly SeenResource[]): readonly string[] {
  return [
    ...[...resourceRules, ...secretAwareRules].flatMap((rule) =>
      resources.flatMap((one) => rule.judge(one).map((finding) => `${one.name}: ${finding}`)),
    ),
    ...stackRules.flatMap((rule) =>
      rule.judge(resources).map(({ resource, finding }) => `${resource.name}: ${finding}`),
    ),
  ];
}

describe("policy: the sites", () => {
  for (const stack of ["home", "cabin"]) {
    it(`${stack} keeps every rule`, async () => {
      const resources = await siteResources(stack);
      assert.ok(resources.length > 40, `only ${resources.length} resources were registered`);
      assert.deepEqual(violations(resources), []);
    });
  }

  it("home with every application keeps every rule", async () => {
    const resources = await resourcesOf("home", homeConfig(appsSite()));
    assert.ok(resources.some(({ name }) => name === "qbittorrent-deployment"));
    assert.deepEqual(violations(resources), []);
  });

  it("home with devices for pods keeps every rule", async () => {
    const resources = await resourcesOf("home", homeConfig(devicesSite()));
    assert.ok(resources.some(({ name }) => name === "home-devices-plugin"));
    assert.deepEqual(violations(resources), []);
  });

  it("home would break a rule with what a careless change takes away", async () => {
    const resources = await siteResources("home");
    const without = (type: RegExp): readonly SeenResource[] =>
      resources.filter((one) => !type.test(one.type));
    assert.match(
      violations(without(/AccessApplication/)).join("\n"),
      /typeo\.example\.net is public/,
    );
    const changed = (type: string, inputs: Record<string, string | null>): string =>
      violations(
        resources
          .filter((one) => one.type === type)
          .map((one) => ({ ...one, inputs: { ...one.inputs, ...inputs } })),
      ).join("\n");
    assert.match(
      changed("proxmoxve:download/file:File", { checksum: null }),
      /checksum is missing/,
    );
    assert.match(
      changed("kubernetes:helm.sh/v3:Release", { version: "1.x" }),
      /version 1\.x is not one/,
    );
    assert.match(
      changed("kubernetes:helm.sh/v3:Release", { maxHistory: null }),
      /maxHistory is no number/,
    );
    assert.match(changed("command:remote:Command", { connection: null }), /hostKey is missing/);
    assert.match(changed("proxmoxve:index/vmLegacy:VmLegacy", { tags: null }), /tags lack homelab/);
  });

  it("home's scripts were there to be judged", async () => {
    const scripts = (await siteResources("home")).filter(
      ({ type, inputs }) =>
        type === "command:remote:Command" && /curl/.test(text(inputs["stdin"]) ?? ""),
    );
    assert.ok(scripts.length >= 8, "stage and tailnet of four machines download");
    assert.ok(scripts.every(({ inputs }) => bare(inputs["connection"]) !== undefined));
  });
});
