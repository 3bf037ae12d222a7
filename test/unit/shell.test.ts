import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";

/** Readers that end before what they read from, which then dies of SIGPIPE. */
const endsEarly = /\|\s*(head\b|grep\s(-\S+\s)*-[a-zA-Z]*q)/;

describe("the scripts that run on machines", () => {
  // All begin with `set -o pipefail`, but for those of the pods that have no bash.
  it("read to its end what is piped: with pipefail a reader that stops early fails the writer, now and then", () => {
    const lines = globSync("{components,stacks,scripts}/**/*.sh").flatMap((file) => {
      const text = readFileSync(file, "utf8");
      if (text.includes("shell=dash")) return [];
      return text.split("\n").map((line) => `${file}: ${line.trim()}`);
    });
    assert.ok(lines.length > 1000);
    assert.deepEqual(
      lines.filter((line) => endsEarly.test(line)),
      [],
    );
  });
});
