import assert from "node:assert/strict";
import fc from "fast-check";
import { covered, criticalPath, type Step } from "../../bench/critical-path.ts";

const step = (urn: string, start: number, end: number): Step => ({
  urn,
  type: "test:index:Step",
  name: urn,
  start,
  end,
});

describe("critical path of a bring-up", () => {
  it("follows the dependency that ended last, and counts what lies between as a gap", () => {
    const steps = [step("image", 100, 500), step("key", 100, 200), step("vm", 520, 900)];
    const path = criticalPath(steps, new Map([["vm", ["key", "image"]]]));
    assert.deepEqual(
      path.map(({ step: { urn }, gap }) => [urn, gap]),
      [
        ["image", 100],
        ["vm", 20],
      ],
    );
  });

  it("goes through components, which have no operation", () => {
    const steps = [step("vm", 0, 300), step("join", 310, 800), step("label", 400, 500)];
    const dependencies = new Map([
      ["join", ["cluster"]],
      ["cluster", ["fleet"]],
      ["fleet", ["vm"]],
      ["label", ["join"]],
    ]);
    assert.deepEqual(
      criticalPath(steps, dependencies).map(({ step: { urn } }) => urn),
      ["vm", "join"],
    );
  });

  it("takes no step for a predecessor that began later, whose end was told late", () => {
    const steps = [step("a", 0, 105), step("b", 100, 200), step("c", 150, 160)];
    const path = criticalPath(steps, new Map([["b", ["a", "c"]]]));
    assert.deepEqual(
      path.map(({ step: { urn }, gap }) => [urn, gap]),
      [
        ["a", 0],
        ["b", 0],
      ],
    );
  });

  it("is empty without steps, and ends on a circle", () => {
    assert.deepEqual(criticalPath([], new Map()), []);
    const circle = new Map([
      ["a", ["b"]],
      ["b", ["a"]],
    ]);
    assert.equal(criticalPath([step("a", 0, 5), step("b", 1, 4)], circle).length, 1);
  });

  it("covers each moment once, however steps overlap", () => {
    assert.equal(
      covered([step("a", 0, 10), step("b", 5, 12), step("c", 6, 7), step("d", 20, 21)]),
      13,
    );
    const interval = fc.tuple(fc.nat(60), fc.nat(20));
    fc.assert(
      fc.property(fc.array(interval), (intervals) => {
        const moments = new Set(
          intervals.flatMap(([start, length]) => Array.from({ length }, (_, at) => start + at)),
        );
        const steps = intervals.map(([start, length]) => ({ start, end: start + length }));
        assert.equal(covered(steps), moments.size);
      }),
    );
  });
});
