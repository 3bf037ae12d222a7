import assert from "node:assert/strict";
import { evaluate, filled, holds } from "../workflow/expression.ts";

const scope = {
  contexts: {
    github: { repository: "owner/home", event: { number: 7, labels: ["one", "two"] } },
    vars: { PREVIEWS: "true", TS_CONNECTOR_HOME: "home-connector-0", MAP: '{"my-site":"a"}' },
    secrets: {},
    matrix: { stack: "home" },
  },
  functions: { success: () => true, failure: () => false, always: () => true },
};
const value = (expression: string): unknown => evaluate(expression, scope);

/** Each as the runner's own sources have it. */
describe("expressions of GitHub's workflows", () => {
  it("give what they say", () => {
    const cases: Readonly<Record<string, unknown>> = {
      "github.event.number": 7,
      "github.event['labels'][1]": "two",
      "github.event.nothing.below": null,
      "secrets.ABSENT": null,
      "vars[format('TS_CONNECTOR_{0}', matrix.stack)]": "home-connector-0",
      "fromJSON(vars.MAP)['my-site']": "a",
      "vars.ABSENT || 'else'": "else",
      "vars.PREVIEWS && 'yes'": "yes",
      "'it''s'": "it's",
      "format('{{{0}}}', 1)": "{1}",
      "!(1 == '1')": false,
      "'A' == 'a'": true,
      "null == ''": true,
      "null == 0": true,
      "true == 'true'": false,
      "true == 1": true,
      "github == 'Object'": false,
      "startsWith('Refs/pull', 'refs/')": true,
      "true || false && false": true,
    };
    for (const [expression, wanted] of Object.entries(cases))
      assert.deepEqual(value(expression), wanted, expression);
  });

  it("are refused where they are none, or are not played", () => {
    for (const expression of ["github.event.*", "1 < 2", "toJSON(github)", "env.PATH", "'a' 'b'"])
      assert.throws(() => value(expression), Error, expression);
    for (const expression of ["(true", "github.", "", '"text"', "format('{1}', 1)"])
      assert.throws(() => value(expression), Error, expression);
  });

  it("are filled into texts, what is absent as nothing", () => {
    assert.equal(filled("a-${{ matrix.stack }}-${{secrets.ABSENT}}b", scope), "a-home-b");
    assert.equal(filled("${{ github }} ${{ true }}", scope), "Object true");
  });

  it("of an `if` ask for success where they do not ask themselves", () => {
    const failed = { ...scope, functions: { ...scope.functions, success: () => false } };
    assert.equal(holds(undefined, failed), false);
    assert.equal(holds("vars.PREVIEWS == 'true'", scope), true);
    assert.equal(holds("vars.PREVIEWS == 'true' || true", failed), false);
    assert.equal(holds("${{ always() && vars.PREVIEWS == 'true' }}", failed), true);
    assert.equal(holds("vars.ABSENT", scope), false);
  });
});
