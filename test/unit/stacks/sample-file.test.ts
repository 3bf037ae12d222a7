import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { siteJsonSchema, type JsonSchema } from "../../../stacks/config/json-schema.ts";
import { sampleFile } from "../../../stacks/config/sample.ts";
import { siteSchema } from "../../../stacks/schema.ts";
import { parseSiteConfig } from "../../../stacks/site-file.ts";

const sample = readFileSync(new URL("../../../Pulumi.sample.yaml", import.meta.url), "utf8");

/** The sample as somebody fills it in who takes every example. */
const filled = (text: string): string => text.replaceAll(/REQUIRED # for example /g, "");

/** The text without the # of keys that may be left out, however deep they are. */
function everything(text: string): string {
  const more = text.replaceAll(/^( *)#(?=\S| {2})/gm, "$1");
  return more === text ? text : everything(more);
}

function values(text: string): Record<string, unknown> {
  const { config } = parse(text) as { config: Record<string, unknown> };
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key.replace("homelab:", ""), value]),
  );
}

const inside = (key: string, part: JsonSchema): JsonSchema => ({
  properties: { config: { properties: { [key]: part } } },
});

describe("the sample of a site file", () => {
  it("is a site that passes, once every REQUIRED is its example", () => {
    const raw = Object.entries(values(filled(sample))).map(([key, value]) => [
      `homelab:${key}`,
      JSON.stringify(value),
    ]);
    const { config, problems } = parseSiteConfig(
      Object.fromEntries(raw) as Record<string, string>,
      "home",
    );
    assert.deepEqual(problems, []);
    assert.equal(config?.machines[0]?.name, "proxmox-stone");
  });

  it("is refused at every place that is not filled in", () => {
    const read = siteSchema.safeParse(values(sample));
    const places = new Set(read.error?.issues.map(({ path }) => path.join(".")));
    for (const place of ["site.domain", "versions.rke2", "machines.0.host", "cluster.vip"])
      assert.ok(places.has(place), place);
    const active = sample.split("\n").filter((line) => /^[^#]*: REQUIRED/.test(line));
    assert.equal(places.size, active.length);
  });

  it("has an example or default of the right form for everything that may be left out", () => {
    const { success, error } = siteSchema.safeParse(values(filled(everything(sample))));
    assert.ok(success, z.prettifyError(error ?? new z.ZodError([])));
  });

  it("has a line that explains each key of the schema", () => {
    const mute = (schema: JsonSchema): readonly string[] =>
      Object.entries(schema.properties ?? {}).flatMap(([key, part]) => {
        const known = part.description !== undefined && sample.includes(`${key}:`);
        const open = part.additionalProperties;
        const inner = [part, ...(part.items === undefined ? [] : [part.items])];
        if (typeof open === "object") inner.push(open);
        return [...(known ? [] : [key]), ...inner.flatMap(mute)];
      });
    const config = siteJsonSchema(siteSchema).properties?.["config"];
    assert.ok(config !== undefined);
    assert.deepEqual(mute(config), []);
  });

  it("cannot be made of a key that shows nobody what to write", () => {
    const part = { description: "Part", properties: { silent: { type: "string" } } };
    assert.throws(() => sampleFile(inside("homelab:x", part)), /silent .*neither a default nor/);
  });
});
