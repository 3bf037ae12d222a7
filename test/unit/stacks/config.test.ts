import assert from "node:assert/strict";
import { siteFile } from "../../../scripts/site-file.ts";
import { parseSiteConfig } from "../../../stacks/site-file.ts";
import { describeProblems } from "../../../stacks/config/problem.ts";
import { changed, problemsAfter } from "./sample.ts";

describe("site config", () => {
  for (const stack of ["home", "cabin"]) {
    it(`accepts the ${stack} site`, () => {
      const raw = siteFile(new URL(`../../../Pulumi.${stack}.yaml`, import.meta.url));
      assert.deepEqual(parseSiteConfig(raw, stack).problems, []);
    });
  }

  it("names an unknown key with its path", () => {
    const problems = problemsAfter({ "machines[1].vmid": 5, "cluster.snapshots": { keep: 3 } });
    assert.deepEqual(
      problems.map((problem) => problem.path),
      ["homelab:machines[1].vmid", "homelab:cluster.snapshots.keep"],
    );
    assert.match(problems[0]?.text ?? "", /unknown key/);
  });

  it("names an unknown top-level key and leaves other namespaces alone", () => {
    const raw = { ...changed(), "homelab:machine": "[]", "pulumi:tags": "{}", "secrets:x": "y" };
    assert.deepEqual(
      parseSiteConfig(raw, "home").problems.map((problem) => problem.path),
      ["homelab:machine"],
    );
  });

  it("says what a missing or mistyped value should be", () => {
    const problems = problemsAfter({ "cluster.vip": undefined, "machines[0].cores": "four" });
    const texts = problems.map((problem) => `${problem.path}: ${problem.text}`);
    assert.deepEqual(texts, [
      "homelab:machines[0].cores: expected number, received string",
      "homelab:cluster.vip: is missing; use a dotted IPv4 address such as 192.168.1.20",
    ]);
  });

  it("refuses plain text where a structure belongs", () => {
    const [problem] = parseSiteConfig({ ...changed(), "homelab:site": "home" }, "home").problems;
    assert.deepEqual(problem, {
      path: "homelab:site",
      text: "is plain text; write a structure in YAML below the key",
    });
  });

  it("reports every problem of different rules at once, in one message", () => {
    const problems = problemsAfter({
      "network.pods": "192.168.0.0/16",
      "machines[1].vmId": 121,
      "machines[2].role": "agent",
      "tailnet.policy.sites": {},
    });
    const message = describeProblems("home", problems);
    assert.match(message, /^Pulumi.home.yaml has 3 problems; nothing was changed:\n {2}homelab:/);
    for (const path of ["network.pods", "machines[1].vmId", "machines:"]) {
      assert.ok(message.includes(`homelab:${path}`), `${path} is missing in ${message}`);
    }
  });
});
