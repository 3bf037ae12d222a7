import assert from "node:assert/strict";
import { join } from "node:path";
import { canariesOf, expectNone, filesWith, type Canaries } from "./canaries.ts";
import { seenProcesses, watchProcesses } from "./processes.ts";
import { attempt, labStatus, paths, run } from "./site.ts";

describe("no secret of the site", () => {
  let canaries: Canaries;
  before(async () => {
    canaries = await canariesOf("home");
    assert.ok(canaries.size > 20, `only ${canaries.size} secrets were found`);
  });

  it("is in what a preview, an up and the outputs show", async () => {
    const change = ["--config", "homelab:allowReplace=[]", "--config-path"];
    for (const command of [
      ["pulumi", "preview", "--diff", "--show-replacement-steps", "--show-sames"],
      ["pulumi", "preview", "--json"],
      ["pulumi", "stack", "output", "--json"],
      ["pulumi", "stack", "--show-urns"],
      ["pulumi", "up", "--yes", "--skip-preview", "--diff", "--refresh", ...change],
      ["node", "scripts/preview.ts", "--refresh"],
    ]) {
      const { stdout, stderr } = await attempt(...command, "--stack", "home");
      expectNone(canaries, stdout + stderr, command.join(" "));
    }
  });

  it("is in a plan, and in the state only as ciphertext", async () => {
    const plan = join(paths.run, "plan.json");
    await run("pulumi", "preview", "--stack", "home", "--save-plan", plan);
    assert.deepEqual(await filesWith(canaries, [plan, paths.pulumi]), []);
    expectNone(canaries, await run("pulumi", "stack", "export", "--stack", "home"), "the state");
  });

  it("is in a log of the program, of a service, or of a machine", async () => {
    assert.deepEqual(await filesWith(canaries, [paths.logs]), []);
    for (const { name, site } of (await labStatus()).machines) {
      if (site !== "home") continue;
      expectNone(canaries, await run("ssh", name, "journalctl --no-pager"), `journal of ${name}`);
    }
  });

  it("was in a process list, on any machine, while the site came up", async () => {
    expectNone(canaries, await seenProcesses(), "a command line");
    await watchProcesses();
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
    await run(
      "sh",
      "-c",
      `mkdir -p "$(dirname ${open})"; umask 022; cat >${open} <<'END'\n${value}\nEND`,
    );
    try {
      const readable = "-type d ! -perm -o=x -prune -o -type f -perm -o=r";
      assert.deepEqual(await filesWith(canaries, [join(paths.machines, "124", "root")], readable), [
        open,
      ]);
    } finally {
      await run("rm", "-f", open);
    }
    assert.throws(() => {
      expectNone(canaries, `x${value}x`, "a text");
    }, /a text holds/);
  });
});
