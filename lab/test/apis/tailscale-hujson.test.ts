import assert from "node:assert/strict";
import fc from "fast-check";
import { parseHujson, type Json } from "../../apis/tailscale/hujson.ts";

const blanks = fc.constantFrom(
  ...["", " ", "\n", "\t", '// a "comment" {\n', "/* [ */", "/* // */", "/***/"],
);

/** Writes a value with comments and trailing commas drawn at every place that may have some. */
function decorated(value: Json, draw: () => string, comma: () => boolean): string {
  const pad = (text: string): string => `${draw()}${text}${draw()}`;
  const list = (items: string[], open: string, close: string): string => {
    const last = items.length > 0 && comma() ? "," : "";
    return pad(`${open}${items.join(",")}${last}${draw()}${close}`);
  };
  if (Array.isArray(value)) {
    const items = value.map((item) => decorated(item, draw, comma));
    return list(items, "[", "]");
  }
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).map(
      ([name, member]) => `${pad(JSON.stringify(name))}:${decorated(member, draw, comma)}`,
    );
    return list(members, "{", "}");
  }
  return pad(JSON.stringify(value));
}

describe("HuJSON", () => {
  it("reads every JSON value, with comments and trailing commas anywhere", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.gen(), (value, gen) => {
        // JSON has no -0.
        const plain = JSON.parse(JSON.stringify(value)) as Json;
        const text = decorated(
          plain,
          () => gen(() => blanks),
          () => gen(fc.boolean),
        );
        assert.deepEqual(parseHujson(text), plain);
      }),
    );
  });

  it("accepts of texts without comments and trailing commas only what JSON accepts", () => {
    const mark = fc.constantFrom(
      ...["{", "}", "[", "]", ":", '"a"', "1", "-", "0.5e3", "true", "x", "01"],
    );
    fc.assert(
      fc.property(fc.array(mark, { maxLength: 8 }), (parts) => {
        const text = parts.join(" ");
        let expected: { value: unknown } | undefined;
        try {
          expected = { value: JSON.parse(text) };
        } catch {
          // Not JSON, so it must be refused below.
        }
        if (expected === undefined)
          assert.throws(() => parseHujson(text), /^HujsonError: hujson: line/);
        else assert.deepEqual(parseHujson(text), expected.value);
      }),
    );
  });

  it("keeps a member named __proto__ an own member", () => {
    const value = parseHujson('{"__proto__": {"a": 1}}') as Record<string, Json>;
    assert.deepEqual(Object.keys(value), ["__proto__"]);
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
  });

  for (const [text, message] of [
    ['{"a": 1\n "b"}', /line 2, column 2: expected ',' or '}', found "b"/],
    ['{"a": 1, "a": 2}', /line 1, column 10: duplicate name "a"/],
    ["{a: 1}", /line 1, column 2: invalid character "a"/],
    ["[,]", /expected a value, found ','/],
    ["{,}", /expected a name in quotes, found ','/],
    ["[1,,]", /expected a value/],
    ["/* open", /comment is not closed/],
    ['"open', /string is not closed/],
    ['"\\x"', /invalid escape/],
    ["", /found the end of the text/],
    ["{} {}", /expected the end of the text/],
    [`${"[".repeat(300)}${"]".repeat(300)}`, /nested deeper than 200/],
  ] as const)
    it(`refuses ${text.slice(0, 16)}`, () => {
      assert.throws(() => parseHujson(text), message);
    });
});
