import assert from "node:assert/strict";
import { Linter } from "eslint";
import { brokenWall, walls } from "../walls.ts";

describe("the walls of the house", () => {
  const allowed = [
    ["index.ts", "stacks/site.ts"],
    ["stacks/site.ts", "components/rke2/cluster.ts"],
    ["scripts/up.ts", "stacks/config.ts"],
    ["lab/daemon/datacentre.ts", "lab/apis/mirrors.ts"],
    ["lab/cli.ts", "lab/shell/inside.ts"],
    ["lab/lab.ts", "toolchain/tools.ts"],
    ["lab/test/router.test.ts", "lab/network/router.ts"],
    ["test/bench/run.ts", "lab/lab.ts"],
  ] as const;
  for (const [from, to] of allowed) {
    it(`lets ${from} import ${to}`, () => {
      assert.equal(brokenWall(from, to), undefined);
    });
  }

  const refused = [
    ["index.ts", "lab/lab.ts"],
    ["components/machine.ts", "stacks/schema.ts"],
    ["stacks/site.ts", "scripts/state.ts"],
    ["scripts/diff.ts", "test/golden/graph.ts"],
    ["scripts/up.ts", "lab/lab.ts"],
    ["toolchain/tools.ts", "lab/lab.ts"],
    ["lab/world/inventory.ts", "stacks/site.ts"],
    ["lab/test/router.test.ts", "test/unit/mocks.ts"],
    ["lab/host/process.ts", "lab/shell/inside.ts"],
    ["lab/apis/mirrors.ts", "lab/daemon/datacentre.ts"],
    ["lab/lab.ts", "lab/test/certificate.ts"],
  ] as const;
  for (const [from, to] of refused) {
    it(`keeps ${from} from ${to}`, () => {
      assert.match(brokenWall(from, to) ?? "", / imports (nothing of the house|only .*), and not /);
    });
  }

  it("sees every form of import", () => {
    const code = [
      'import "../lab/lab.ts";',
      'import { a } from "../lab/lab.ts";',
      'export * from "../lab/lab.ts";',
      'export { b } from "../lab/lab.ts";',
      'export const c = await import("../lab/lab.ts");',
      'import { d } from "./site.ts";',
      'import { e } from "zod";',
    ];
    const found = new Linter({ cwd: "/house" }).verify(
      code.join("\n"),
      {
        files: ["**/*.ts"],
        plugins: { house: { rules: { walls } } },
        rules: { "house/walls": "error" },
      },
      { filename: "/house/stacks/site.ts" },
    );
    assert.deepEqual(
      found.map(({ line, ruleId }) => [line, ruleId]),
      [1, 2, 3, 4, 5].map((line) => [line, "house/walls"]),
    );
  });
});
