import assert from "node:assert/strict";
import { parseSiteConfig } from "../../../stacks/site-file.ts";
import { changed, homeValues, problemsAfter } from "./sample.ts";
import { refusedSites } from "./refused/index.ts";

/** Mistakes of form in places that few rules look at. */
const misread = { "proxmox.hosts[3].cores": "many", "people.admin": ["a@example.net"] };

/** Paths of all values that are no structures. */
function leaves(value: unknown, path = ""): readonly string[] {
  if (typeof value !== "object" || value === null) return [path];
  return Object.entries(value).flatMap(([key, inner]) =>
    leaves(inner, Array.isArray(value) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`),
  );
}

describe("every mistake of a site file at once", () => {
  for (const [name, { edit, raw, encrypted, stack, at, says }] of refusedSites) {
    if (edit === undefined || raw !== undefined || encrypted !== undefined || stack !== undefined)
      continue;
    it(`names beside what cannot be read: ${name}`, () => {
      const problems = problemsAfter({ ...misread, ...edit });
      assert.ok(
        problems.some(({ path, text }) => path === at && says.test(text)),
        problems.map(({ path, text }) => `${path}: ${text}`).join("\n"),
      );
    });
  }

  it("does not take a stand-in for a value that was written", () => {
    for (const path of leaves(homeValues({}))) {
      // Grants are in the policy file's own form, of which the site file knows only that it holds objects.
      if (/^apps\.typeo\.settings|^edge\.access|^people|^tailnet\.policy\.grants/.test(path))
        continue;
      const problems = problemsAfter({ [path]: { nonsense: true } });
      const others = problems.filter((problem) => !problem.path.startsWith(`homelab:${path}`));
      assert.ok(problems.length > 0, path);
      assert.deepEqual(others, [], path);
    }
  });

  it("does not complain of what a misspelled key may have said", () => {
    for (const key of ["edge", "tailnet", "onePassword", "machineDefaults"]) {
      const values = homeValues({});
      const raw = changed({ [key]: undefined, [`${key}s`]: values[key] });
      assert.deepEqual(
        parseSiteConfig(raw, "home").problems.map(({ path }) => path),
        [`homelab:${key}s`],
      );
    }
  });

  it("does not take groups for missing beside one that cannot be read", () => {
    for (const family of [[], ["nobody"], "family@example.net"]) {
      const paths = problemsAfter({ "people.family": family }).map(({ path }) => path);
      assert.deepEqual(
        paths.filter((path) => !path.startsWith("homelab:people.family")),
        [],
      );
    }
    assert.deepEqual(
      problemsAfter({ people: ["a@example.net"] }).map(({ path }) => path),
      ["homelab:people"],
    );
  });

  it("says of disks what is missing, and nothing that follows from it", () => {
    for (const disks of [
      [{ sizeGiB: 100 }, { sizeGiB: 500 }],
      [100, 500],
    ]) {
      assert.deepEqual(
        problemsAfter({ "machineDefaults.extraDisks": disks }).map(({ path }) => path),
        ["homelab:machineDefaults.extraDisks[0]", "homelab:machineDefaults.extraDisks[1]"],
      );
    }
  });

  it("goes on where a whole part is plain text", () => {
    const raw = { ...changed({ "machines[1].vmId": 121 }), "homelab:tailnet": "yes" };
    assert.deepEqual(
      parseSiteConfig(raw, "home").problems.map(({ path }) => path),
      ["homelab:tailnet", "homelab:machines[1].vmId"],
    );
  });
});
