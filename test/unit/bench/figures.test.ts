import assert from "node:assert/strict";
import { judge, median, verdictTable } from "../../bench/figures.ts";
import { previewFigures, registrationFigures } from "../../bench/measured.ts";

describe("figures of the benchmarks", () => {
  it("hold at their limit and fail beyond it", () => {
    const figure = { name: "ratio", unit: "x" };
    const holds = (value: number, limit: { atMost: number } | { atLeast: number }): boolean =>
      judge({ ...figure, value, limit }).holds;
    assert.equal(holds(1.8, { atMost: 1.8 }), true);
    assert.equal(holds(1.81, { atMost: 1.8 }), false);
    assert.equal(holds(450, { atLeast: 450 }), true);
    assert.equal(holds(449, { atLeast: 450 }), false);
  });

  it("fail when nothing was measured, even without a limit", () => {
    assert.equal(judge({ name: "ratio", unit: "x", value: Number.NaN }).holds, false);
    assert.equal(judge({ name: "ratio", unit: "x", value: 3 }).holds, true);
  });

  it("take the middle of runs, so that one slow run decides nothing", () => {
    assert.equal(median([3, 1, 90]), 3);
    assert.equal(median([4, 1, 2, 3]), 2.5);
    assert.ok(Number.isNaN(median([])));
  });

  it("hold home's preview against its resources alone, and its program's memory against a limit", () => {
    const times = { empty: [1, 1, 9], site: [3, 3, 3], replay: [2, 2.5, 2] };
    const verdicts = previewFigures({ ...times, peakMiB: 251 }).map(judge);
    assert.deepEqual(
      verdicts.map(({ value, holds }) => [value, holds]),
      [
        [1.5, false],
        // What Pulumi takes for the resources informs and fails nothing.
        [3, true],
        [251, false],
      ],
    );
  });

  it("compare the largest registration with the smallest", () => {
    const registered = registrationFigures([
      { resources: 1000, seconds: 1 },
      { resources: 10_000, seconds: 20 },
    ]);
    assert.deepEqual(
      registered.map((figure) => [figure.value, judge(figure).holds]),
      [
        [1000, true],
        [500, true],
        [0.5, false],
      ],
    );
  });

  it("are one line each, with limit and verdict", () => {
    const lines = verdictTable([
      judge({ name: "preview", value: 2, unit: "x", limit: { atMost: 1.8 }, detail: "why" }),
      judge({ name: "rate", value: 500, unit: "/s", limit: { atLeast: 450 } }),
    ]).split("\n");
    assert.deepEqual(
      lines.map((line) => line.split(/ {2,}/)),
      [
        ["Figure", "Value", "Limit", "Verdict", "Made of"],
        ["preview", "2.00 x", "<= 1.8 x", "FAILS", "why"],
        ["rate", "500 /s", ">= 450 /s", "holds"],
      ],
    );
  });
});
