import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { applications } from "../../../stacks/apps/index.ts";
import { shownOf } from "../../../stacks/exposure/shown.ts";
import { allPicture, pictureOf, withTable } from "../../../scripts/documentation/applications.ts";
import { documentedSite, firstExample, pageOf } from "../../../scripts/documentation/site.ts";

const root = new URL("../../../", import.meta.url);
const read = (path: string | URL): string => readFileSync(new URL(path, root), "utf8");
const names = [...Object.keys(applications), "tesla"];

describe("the pages of applications", () => {
  it("begin with examples that are a site together, each application in it", () => {
    const site = documentedSite(root);
    const drawn = shownOf("home", site).map(({ name }) => name);
    assert.deepEqual(drawn.toSorted(), names.toSorted());
  });

  it("each show the picture of theirs, and no other picture is left", () => {
    for (const name of names) {
      const page = new URL(pageOf(name), root);
      const shown = [...read(page).matchAll(/!\[[^\]]+\]\(([^)]+)\)/g)].map(
        ([, path = ""]) => new URL(path, page).href,
      );
      assert.ok(shown.includes(new URL(pictureOf(name), root).href), name);
    }
    const files = [...names.map(pictureOf), allPicture].map((path) => path.split("/").at(-1));
    assert.deepEqual(readdirSync(new URL("docs/pictures", root)).toSorted(), files.toSorted());
  });

  it("take an example out of a list, and want one", () => {
    const page =
      "1. So:\n\n   ```yaml\n   homelab:apps:\n     typeo: {}\n   ```\n\n```yaml\na: 1\n```\n";
    assert.deepEqual(firstExample(page, "page.md"), { "homelab:apps": { typeo: {} } });
    assert.throws(() => firstExample("# Nothing\n", "page.md"), /page\.md has no example/);
  });
});

describe("the table of applications", () => {
  for (const path of ["README.md", "docs/apps/README.md"]) {
    it(`of ${path} has each with its page, its picture, and the lines that its files have`, () => {
      const page = new URL(path, root);
      const rows = read(page)
        .split("\n")
        .filter((line) => line.includes("pictures/") && line.startsWith("| `"));
      assert.deepEqual(
        rows.map((row) => /^\| `([^`]+)`/.exec(row)?.[1]),
        names,
      );
      for (const row of rows) {
        const links = [...row.matchAll(/\]\(([^)]+)\)(?: (\d+))?/g)];
        assert.ok(links.length >= 3, row);
        for (const [, to = "", lines] of links) {
          const url = new URL(to, page);
          assert.ok(existsSync(url), to);
          if (lines !== undefined) assert.equal(linesBelow(url), Number(lines), to);
        }
      }
    });
  }

  it("stands between its marks alone", () => {
    const page = withTable(read("README.md"), "README.md", "| new |");
    assert.match(page, /# homelab\n[^]*\n\| new \|\n\n<!-- end of applications -->[^]*## Try it/);
    assert.doesNotMatch(page, /typeo\.svg/);
    assert.throws(() => withTable("# Nothing\n", "page.md", ""), /page\.md has no/);
  });
});

/** Lines of a file, or of all files below a folder. */
function linesBelow(url: URL): number {
  if (!statSync(url).isDirectory()) return readFileSync(url, "utf8").split("\n").length - 1;
  return readdirSync(url).reduce(
    (sum, name) => sum + linesBelow(new URL(`${url.href}/${name}`)),
    0,
  );
}
