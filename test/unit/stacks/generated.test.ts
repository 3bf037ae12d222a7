import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { format } from "prettier";
import { goldenFile, goldenGraph } from "../../golden/graph.ts";
import { configPages } from "../../../stacks/config/page.ts";
import { sampleFile } from "../../../stacks/config/sample.ts";
import { siteJsonSchema } from "../../../stacks/config/json-schema.ts";
import { siteSchema } from "../../../stacks/schema.ts";

describe("generated files", () => {
  const root = new URL("../../../", import.meta.url);

  it("the editors' schema, the config page and the sample match stacks/schema.ts", async () => {
    const schema = await format(JSON.stringify(siteJsonSchema(siteSchema)), {
      parser: "json",
      printWidth: 100,
    });
    assert.equal(readFileSync(new URL("stacks/site.schema.json", root), "utf8"), schema);
    const page = await format(configPages(siteJsonSchema(siteSchema)), {
      parser: "markdown",
      printWidth: 100,
    });
    assert.equal(readFileSync(new URL("docs/config.md", root), "utf8"), page);
    const sample = sampleFile(siteJsonSchema(siteSchema));
    assert.equal(readFileSync(new URL("Pulumi.sample.yaml", root), "utf8"), sample);
  });

  for (const stack of ["home", "cabin"]) {
    it(`the graph of ${stack} is its golden file (npm run golden)`, async () => {
      assert.equal(
        `${JSON.stringify(await goldenGraph(stack), undefined, 2)}\n`,
        goldenFile(stack),
      );
    });

    it(`Pulumi.${stack}.yaml names the schema for editors in its first line`, () => {
      const [first] = readFileSync(new URL(`Pulumi.${stack}.yaml`, root), "utf8").split("\n");
      assert.equal(first, "# yaml-language-server: $schema=./stacks/site.schema.json");
    });
  }
});
