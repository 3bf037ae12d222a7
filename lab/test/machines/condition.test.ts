import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clockSetting, diskSetting } from "../../control/machine-settings.ts";
import { layCondition, setClockOffset, setDiskUse } from "../../machines/condition.ts";

describe("a machine's condition", () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "condition-"));
  });

  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  it("is sound at first, and outlives a restart until it is set back", async () => {
    const seen = await layCondition(directory, 64);
    const read = (name: string): Promise<string> => readFile(join(seen, name), "utf8");
    assert.deepEqual(
      await Promise.all([
        read("disk-bytes"),
        read("disk-used-percent"),
        read("clock-offset-seconds"),
      ]),
      ["64\n", "6\n", "0\n"],
    );
    await setDiskUse(directory, 100);
    await setClockOffset(directory, -600);
    await layCondition(directory, 128);
    assert.deepEqual(
      await Promise.all([
        read("disk-bytes"),
        read("disk-used-percent"),
        read("clock-offset-seconds"),
      ]),
      ["128\n", "100\n", "-600\n"],
    );
  });

  it("cannot be set on a machine that never ran", async () => {
    await assert.rejects(setDiskUse(directory, 100), /never started/);
  });

  it("takes only what makes sense", () => {
    assert.deepEqual(diskSetting({ usedPercent: 97 }), { usedPercent: 97 });
    assert.throws(() => diskSetting({ usedPercent: 101 }), /usedPercent/);
    assert.throws(() => clockSetting({ seconds: 1 }), /seconds/);
  });
});
