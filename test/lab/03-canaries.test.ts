import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { labStatus } from "../../lab/lab.ts";
import { canariesOf, expectNone, filesWith, type Canaries } from "./canaries.ts";
import { attempt, paths, run } from "./command.ts";
import { seenProcesses } from "./processes.ts";
import { given, siteIsUp } from "./states.ts";
import { words } from "./words.ts";

describe("no secret of the site", () => {
  given(siteIsUp);

  let canaries: Canaries;
  before(async () => {
    canaries = await canariesOf("home");
    assert.ok(canaries.size > 20, `only ${canaries.size} secrets were found`);
  });

  it("is in what a preview, an up and the outputs show", async () => {
    const change = words`--config homelab:allowReplace=[] --config-path`;
    for (const command of [
      words`pulumi preview --diff --show-replacement-steps --show-sames`,
      words`pulumi preview --json`,
      words`pulumi stack output --json`,
      words`pulumi stack --show-urns`,
      words`pulumi up --yes --skip-preview --diff --refresh ${change}`,
      words`node scripts/preview.ts --refresh`,
    ]) {
      const { stdout, stderr } = await attempt`${command} --stack home`;
      expectNone(canaries, stdout + stderr, command.join(" "));
    }
  });

  it("is in a plan, and in the state only as ciphertext", async () => {
    const plan = join(paths.run, "plan.json");
    await run`pulumi preview --stack home --save-plan ${plan}`;
    assert.deepEqual(await filesWith(canaries, [plan, paths.pulumi]), []);
    expectNone(canaries, await run`pulumi stack export --stack home`, "the state");
  });

  it("is in a log of the program, of a service, or of a machine", async () => {
    assert.deepEqual(await filesWith(canaries, [paths.logs]), []);
    for (const { name, site } of (await labStatus()).machines) {
      if (site !== "home") continue;
      expectNone(canaries, await run`ssh ${name} journalctl --no-pager`, `journal of ${name}`);
    }
  });

  it("was in a process list, on any machine, while the site came up", async () => {
    const seen = await seenProcesses();
    assert.match(seen, /scripts\/up\.ts --stack home/, "nobody looked while the site came up");
    expectNone(canaries, seen, "a command line");
  });

  it("is in a file of a machine that everybody on it can read", async () => {
    const roots = (await labStatus()).machines
      .filter(({ site }) => site === "home")
      .map(({ vmid }) => join(paths.machines, String(vmid), "root"));
    assert.equal(roots.length, 4);
    const readable = "-type d ! -perm -o=x -prune -o -type f -perm -o=r";
    assert.deepEqual(await filesWith(canaries, roots, readable), []);
  });

  it("would go unnoticed by these tests", async () => {
    const open = join(paths.machines, "124", "root", "var", "tmp", "canary");
    const [, value = ""] = [...canaries][0] ?? [];
    // By a file, for what stands in a command line is what other suites look for.
    const hidden = join(paths.run, "canary");
    await writeFile(hidden, `${value}\n`, { mode: 0o600 });
    try {
      await run`install -D -m 644 ${hidden} ${open}`;
      const readable = "-type d ! -perm -o=x -prune -o -type f -perm -o=r";
      assert.deepEqual(await filesWith(canaries, [join(paths.machines, "124", "root")], readable), [
        open,
      ]);
    } finally {
      await run`rm -f ${open} ${hidden}`;
    }
    assert.throws(() => {
      expectNone(canaries, `x${value}x`, "a text");
    }, /a text holds/);
  });
});
