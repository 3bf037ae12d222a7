import assert from "node:assert/strict";
import { z } from "zod";
import { switched, whereOn } from "../../../stacks/config/switched.ts";
import { checkNeeds } from "../../../stacks/parts/needs.ts";
import { homeConfig } from "./sample.ts";

describe("a part's section", () => {
  const schema = z.strictObject({
    cache: switched("A cache", { sizeMiB: z.int().default(64).describe("Size") }),
  });

  it("is there with its defaults where a site does not name it", () => {
    const { cache } = schema.parse({});
    assert.deepEqual(
      whereOn(cache, (section) => section),
      { sizeMiB: 64 },
    );
  });

  it("is none where the site switches it off, whatever else it says", () => {
    const { cache } = schema.parse({ cache: { enabled: false, sizeMiB: 3 } });
    assert.equal(
      whereOn(cache, (section) => section),
      undefined,
    );
  });

  it("refuses what it does not know", () => {
    const { success } = schema.safeParse({ cache: { size: 3 } });
    assert.equal(success, false);
  });
});

describe("a part that another one needs", () => {
  const needs = [{ part: "apps", needs: "edge", why: "their names lie in its zone" }];

  it("may be there", () => {
    assert.deepEqual(checkNeeds(homeConfig({}), needs), []);
  });

  it("is refused when it is not, with both names", () => {
    const config = { ...homeConfig({}), edge: undefined };
    assert.deepEqual(checkNeeds(config, needs), [
      {
        path: "homelab:edge",
        text: "homelab:apps needs it: their names lie in its zone; switch it on, or apps off as well",
      },
    ]);
  });
});
