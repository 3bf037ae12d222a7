import assert from "node:assert/strict";
import fc from "fast-check";
import { words } from "../lab/words.ts";

describe("a command as it is written", () => {
  it("is split at blanks, and a value is part of its word", () => {
    const path = "homelab:machines[3].host";
    assert.deepEqual(
      words`pulumi config set
        --path ${path} --stack=${"home"} ${4}`,
      ["pulumi", "config", "set", "--path", path, "--stack=home", "4"],
    );
  });

  it("keeps a value in one word whatever is in it, and gives a word for each of a list", () => {
    const text = fc.string({ unit: "grapheme" });
    fc.assert(
      fc.property(text, fc.array(text), (one, several) => {
        assert.deepEqual(words`sh ${one} ${several} -c`, ["sh", one, ...several, "-c"]);
        assert.deepEqual(words`a=${one} ${several}`, [`a=${one}`, ...several]);
      }),
    );
  });

  it("is refused where a list touches other text", () => {
    assert.throws(() => words`--path=${["a"]}`, /a list of words touches other text in --path=/);
    assert.throws(() => words`${["a"]}b`, /touches other text/);
  });
});
