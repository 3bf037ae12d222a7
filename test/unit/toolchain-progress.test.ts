import assert from "node:assert/strict";
import { mock } from "node:test";
import { memoryForTime } from "../../toolchain/go.ts";
import { Compilation, leftInWords, secondsLeft } from "../../toolchain/pace.ts";
import { duration, Progress } from "../../toolchain/progress.ts";

/** A stream that keeps what is written. */
function stream(isTTY: boolean): {
  readonly written: string[];
  readonly stream: NodeJS.WriteStream;
} {
  const written: string[] = [];
  const write = (text: string): boolean => written.push(text) > 0;
  return { written, stream: { isTTY, columns: 60, write } as unknown as NodeJS.WriteStream };
}

describe("durations", () => {
  it("read as people say them", () => {
    assert.deepEqual([0.04, 9.96, 59.6, 230, 3600].map(duration), [
      "0.0 s",
      "10 s",
      "1 min 0 s",
      "3 min 50 s",
      "60 min 0 s",
    ]);
  });
});

describe("a compilation's time left", () => {
  it("begins with experience, ends with what was seen, and is over at the end", () => {
    assert.equal(secondsLeft(0, 0, 500), 500);
    assert.equal(secondsLeft(0.5, 500, 500), 375);
    assert.ok(Math.abs(secondsLeft(0.9, 900, 500) - 95) < 1e-9);
    assert.equal(secondsLeft(1, 700, 500), 0);
  });

  it("is told in minutes, because it is no more than an estimate", () => {
    assert.equal(leftInWords(40), "less than a minute left");
    assert.equal(leftInWords(55), "about 1 min left");
    assert.equal(leftInWords(290), "about 5 min left");
  });
});

describe("a compilation", () => {
  const sizes = new Map([
    ["fmt", 100],
    ["k8s.io/api/core/v1", 700],
    ["example.net/main", 200],
  ]);
  let now = 0;
  const compilation = (pace = 1): Compilation => {
    now = 0;
    return new Compilation(sizes, pace, () => now);
  };

  it("says before it begins what it may take", () => {
    assert.equal(
      compilation(5).announcement,
      "up to 3 packages: about 3 min when Go's cache has none of them",
    );
  });

  it("counts packages, and tells the time left once a tenth is done", () => {
    const running = compilation();
    assert.equal(running.state, "0 of up to 3 packages compiled");
    assert.equal(running.compiled("# example.net/main"), false);
    assert.equal(running.compiled("fmt"), true);
    now = 60;
    assert.equal(running.state, "1 of up to 3 packages compiled, about 14 min left");
    running.compiled("k8s.io/api/core/v1");
    now = 400;
    assert.equal(running.state, "2 of up to 3 packages compiled, about 2 min left");
  });

  it("tells of the machine's pace only when it was large enough", () => {
    const running = compilation();
    now = 10;
    running.compiled("fmt");
    assert.equal(running.pace, undefined);
    running.compiled("k8s.io/api/core/v1");
    assert.equal(running.pace, 80);
  });

  it("hears of each program once", () => {
    const running = compilation();
    assert.deepEqual([running.finish("rke2"), running.finish("rke2")], [true, false]);
  });
});

describe("compilers' memory", () => {
  it("is spent for time where each core has a share for it", () => {
    assert.deepEqual(memoryForTime(24 * 2 ** 30, 2), { GOGC: "off", GOMEMLIMIT: `${6 * 2 ** 30}` });
    assert.deepEqual(memoryForTime(16 * 2 ** 30, 8), {});
  });
});

describe("a step in a log", () => {
  beforeEach(() => {
    mock.timers.enable({ apis: ["setTimeout"] });
  });
  afterEach(() => {
    mock.timers.reset();
  });

  /** Lines without their times. */
  const lines = (written: readonly string[]): string[] =>
    written.map((line) => line.replace(/ \([^)]*\)\n$/, ""));

  it("has one line when it is over at once", async () => {
    const { written, stream: log } = stream(false);
    await new Progress(2, log).step("packages", (report) => {
      report("all there");
      return Promise.resolve();
    });
    assert.deepEqual(lines(written), ["[1/2] packages: all there"]);
  });

  it("has a line for whatever begins or ends", async () => {
    const { written, stream: log } = stream(false);
    await new Progress(1, log).step("tools", (report) => {
      report("building rke2");
      report("rke2 is built");
      mock.timers.tick(100);
      assert.deepEqual(lines(written), [
        "[1/1] tools: building rke2",
        "[1/1] tools: rke2 is built",
      ]);
      report("ready");
      return Promise.resolve();
    });
    assert.deepEqual(lines(written).at(-1), "[1/1] tools: ready");
  });

  it("is never silent for longer than half a minute", async () => {
    const { written, stream: log } = stream(false);
    await new Progress(1, log).step("tools", (report) => {
      mock.timers.tick(2_000);
      report("compiling");
      mock.timers.tick(100);
      mock.timers.tick(30_000);
      let packages = 0;
      report(() => `${(packages += 7)} packages`);
      mock.timers.tick(29_000);
      assert.equal(written.length, 3);
      // In steps: a timer that a timer starts counts from the tick's end.
      for (let second = 0; second < 61; second += 1) mock.timers.tick(1_000);
      return Promise.resolve();
    });
    assert.deepEqual(lines(written), [
      "[1/1] tools: at work",
      "[1/1] tools: compiling",
      "[1/1] tools: compiling",
      "[1/1] tools: 7 packages",
      "[1/1] tools: 14 packages",
      "[1/1] tools: 21 packages",
      "[1/1] tools: done",
    ]);
  });

  it("says that it failed, and passes the failure on", async () => {
    const { written, stream: log } = stream(false);
    await assert.rejects(
      new Progress(1, log).step("tools", () => Promise.reject(new Error("no Go"))),
      /no Go/,
    );
    assert.deepEqual(lines(written), ["[1/1] tools: failed"]);
  });
});

describe("a step in a terminal", () => {
  it("is one line, no wider than the terminal, that its end replaces", async () => {
    const { written, stream: terminal } = stream(true);
    await new Progress(1, terminal).step("tools", (report) => {
      report("compiling ".repeat(20));
      report("ready");
      return Promise.resolve();
    });
    assert.ok(written.slice(0, -1).every((text) => !text.includes("\n") && text.length < 70));
    assert.match(written.at(-1) ?? "", /^\[1\/1\] tools: ready \(.*\)\n$/);
  });
});
