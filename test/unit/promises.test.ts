import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";

const page = new URL("../../docs/promises.md", import.meta.url);

interface Promised {
  readonly promise: string;
  readonly code: string;
  readonly page: string;
  readonly tests: string;
  readonly state: string;
}

/** Rows of the page's tables. */
function promises(): readonly Promised[] {
  return readFileSync(page, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("|") && !/^\| *(promise|-)/.test(line))
    .map((line) => {
      const [promise = "", code = "", about = "", tests = "", state = ""] = line
        .slice(1, -1)
        .split("|")
        .map((cell) => cell.trim());
      return { promise, code, page: about, tests, state };
    });
}

/** Paths that a cell links to. */
const links = (cell: string): readonly string[] =>
  [...cell.matchAll(/\]\(([^)#]+)[^)]*\)/g)].map(([, path = ""]) => path);

/** Tests that a cell names: a file, and what is said of it in quotes. */
const named = (cell: string): readonly [string, string][] =>
  [...cell.matchAll(/\]\(([^)]+)\) "([^"]+)"/g)].map(([, path = "", title = ""]) => [path, title]);

describe("the page of promises", () => {
  const all = promises();

  it("names files that exist", () => {
    const text = readFileSync(page, "utf8");
    const missing = links(text).filter((path) => !existsSync(new URL(path, page)));
    assert.deepEqual(missing, []);
  });

  it("names tests as they are called in their files", () => {
    const wrong = all.flatMap(({ tests }) =>
      named(tests).filter(
        ([path, title]) => !readFileSync(new URL(path, page), "utf8").includes(title),
      ),
    );
    assert.deepEqual(wrong, []);
  });

  it("has code, a page and a test for all that it does not call missing", () => {
    assert.ok(all.length > 40);
    for (const { promise, state, ...cells } of all) {
      assert.match(state, /^(yes|partly: .+|not yet)$/, promise);
      const kept = [cells.code, cells.page, cells.tests].map((cell) => links(cell).length > 0);
      assert.deepEqual([...new Set(kept)], [state !== "not yet"], promise);
    }
  });
});
