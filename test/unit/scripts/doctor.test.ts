import assert from "node:assert/strict";
import { runChecks } from "../../../stacks/doctor/check.ts";
import {
  exitStatus,
  ok,
  problem,
  sorted,
  summarise,
  warning,
} from "../../../stacks/doctor/finding.ts";
import { render, wrap } from "../../../scripts/doctor/render.ts";

const found = [ok("a", "fine"), warning("b", "odd", "look"), problem("c", "broken", "mend it")];

describe("the doctor's findings", () => {
  it("tell scripts by the exit status: 0 fine, 1 errors, 2 warnings only", () => {
    assert.equal(exitStatus(summarise(found)), 1);
    assert.equal(exitStatus(summarise(found.slice(0, 2))), 2);
    assert.equal(exitStatus(summarise(found.slice(0, 1))), 0);
    assert.equal(exitStatus(summarise([])), 0);
  });

  it("stand with errors first, each with what to do, and what is fine only counted", () => {
    const text = render("home", found, false);
    assert.match(text, /^error +c +broken\n +-> mend it\nwarning +b +odd\n +-> look\n/);
    assert.match(text, /home: 1 errors, 1 warnings, 1 fine \(--all shows them\)\n$/);
    assert.doesNotMatch(text, /^ok/m);
    assert.match(render("home", found, true), /^ok +a +fine$/m);
    assert.deepEqual(
      sorted(found).map(({ subject }) => subject),
      ["c", "b", "a"],
    );
  });

  it("keep lines short without losing a word", () => {
    const text = "one two three four five six";
    assert.ok(wrap(text, 9).every((line) => line.length <= 9));
    assert.equal(wrap(text, 9).join(" "), text);
  });
});

describe("the doctor's checks", () => {
  it("that cannot look say so", async () => {
    const cause = new Error("connect ECONNREFUSED");
    const [finding] = await runChecks([
      { subject: "x", run: () => Promise.reject(new Error("fetch failed", { cause })) },
    ]);
    assert.equal(finding?.severity, "warning");
    assert.match(finding.text, /could not be checked: connect ECONNREFUSED/);
  });

  it("that hang are given up, and the others' findings stand", async () => {
    const findings = await runChecks([
      { subject: "slow", seconds: 0.05, run: () => new Promise(() => undefined) },
      { subject: "quick", run: () => Promise.resolve([ok("quick", "fine")]) },
    ]);
    assert.deepEqual(
      findings.map(({ subject, severity }) => [subject, severity]),
      [
        ["slow", "warning"],
        ["quick", "ok"],
      ],
    );
    assert.match(findings[0]?.text ?? "", /no end within 0\.05 s/);
  });
});
