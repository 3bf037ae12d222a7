import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scripts } from "../../../components/rke2/scripts.ts";
import { machineRoot, runScript, type ScriptRun } from "./machine-script.ts";

const gib = 1024 ** 3;

/** The step up to the growth, which ends it here. */
const grow = scripts.prepare.replace(/\nmain "\$@".*$/s, "\ngrow\n");

describe("the root disk of a machine that runs", () => {
  let root: string;

  /** Programs of the machine; each notes that it ran. `/usr/local` comes first in the script's PATH. */
  const programs = (bodies: Readonly<Record<string, string>>): void => {
    for (const [name, body] of Object.entries(bodies))
      writeFileSync(
        join(root, "usr/local/bin", name),
        `#!/bin/bash\necho "${name} $* TMPDIR=$TMPDIR" >>${root}/calls\n${body}\n`,
        { mode: 0o755 },
      );
  };
  const calls = (): readonly string[] =>
    existsSync(join(root, "calls")) ? readFileSync(join(root, "calls"), "utf8").split("\n") : [];
  const run = (): Promise<ScriptRun> => runScript(root, grow, { DISK_GIB: "80" });

  beforeEach(() => {
    root = machineRoot();
    programs({
      df: "printf 'Filesystem Type\\n/dev/sda1 ext4\\n'",
      blockdev: `echo ${80 * gib}`,
      growpart: "echo 'CHANGED: partition=1'",
      resize2fs: "echo 'The filesystem on /dev/sda1 is now 20971520 (4k) blocks long.'",
    });
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  it("gives its partition and its file system all that it has, also with no room for growpart's folder", async () => {
    const { code, stderr } = await run();
    assert.equal(code, 0, stderr);
    assert.ok(calls().includes("growpart /dev/sda 1 TMPDIR=/run"), calls().join());
    assert.ok(calls().some((call) => call.startsWith("resize2fs /dev/sda1 ")));
  });

  it("grows the file system where only the partition has grown before", async () => {
    programs({ growpart: "echo 'NOCHANGE: partition 1 is size 1. it cannot be grown'\nexit 1" });
    assert.equal((await run()).code, 0);
    assert.ok(calls().some((call) => call.startsWith("resize2fs /dev/sda1 ")));
  });

  it("is waited for, and named with both sizes when the kernel does not see it", async () => {
    programs({ blockdev: `echo ${64 * gib}` });
    const { code, stderr } = await run();
    assert.equal(code, 1);
    assert.match(stderr, /has 64 GiB, the config gives it 80 GiB: look at its Hardware/);
    assert.ok(!calls().some((call) => call.startsWith("growpart")));
  });

  it("ends the step with the program's own words when it cannot be grown", async () => {
    programs({ growpart: "echo 'FAILED: failed to get start and end'\nexit 2" });
    assert.match((await run()).stderr, /cannot be grown: FAILED: failed to get start and end/);
    programs({ growpart: "exit 1", resize2fs: "echo 'Permission denied to resize'\nexit 1" });
    assert.match((await run()).stderr, /file system of .* cannot be grown: Permission denied/);
  });

  it("is left alone where the root file system lies on something else", async () => {
    programs({ df: "printf 'Filesystem Type\\n/dev/mapper/vg-root xfs\\n'" });
    const { code, stderr } = await run();
    assert.equal(code, 0);
    assert.match(stderr, /is on \/dev\/mapper\/vg-root/);
  });
});
