import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parseHujson } from "../../apis/tailscale/hujson.ts";
import { formatHujson } from "../../apis/tailscale/hujson-format.ts";

interface Case {
  readonly text: string;
  readonly formatted: string;
}

/** Written by hujson.Format of github.com/tailscale/hujson v0.0.0-20260302212456-ecc657c15afd. */
const cases = JSON.parse(
  readFileSync(new URL("hujson-format.json", import.meta.url), "utf8"),
) as readonly Case[];

describe("HuJSON as Tailscale formats it", () => {
  for (const { text, formatted } of cases) {
    it(`is what hujson.Format writes: ${JSON.stringify(text.slice(0, 50))}`, () => {
      assert.equal(formatHujson(text), formatted);
    });
  }

  it("says the same as before, and stays as it is from then on", () => {
    for (const { text, formatted } of cases) {
      assert.deepEqual(parseHujson(formatted), parseHujson(text));
      assert.equal(formatHujson(formatted), formatted);
    }
  });
});
