import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";

const rootfs = new URL("../../machines/rootfs/usr/", import.meta.url).pathname;
const scripts = ["bin", "sbin", "lib/lab/boot"].flatMap((directory) =>
  readdirSync(join(rootfs, directory)).map((name) => join(rootfs, directory, name)),
);

describe("stand-in commands", () => {
  it("pass shellcheck", () => {
    const { status, stdout } = spawnSync("shellcheck", scripts, { encoding: "utf8" });
    assert.equal(status, 0, stdout);
  });

  for (const [command, option] of [
    ["bin/timedatectl", "--bogus"],
    ["sbin/modprobe", "--bogus"],
    ["sbin/sysctl", "--bogus"],
    ["bin/nproc", "--bogus"],
  ] as const) {
    it(`${command} refuses an option that it does not know by name`, () => {
      const { status, stderr } = spawnSync(join(rootfs, command), [option], { encoding: "utf8" });
      assert.notEqual(status, 0);
      assert.match(stderr, /--bogus is not supported by the lab's machines/);
    });
  }
});
