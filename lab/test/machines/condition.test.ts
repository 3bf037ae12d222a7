import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clockSetting, diskSetting } from "../../control/machine-settings.ts";
import {
  growDisk,
  layCondition,
  setClockOffset,
  setDiskUse,
  showDisks,
} from "../../machines/condition.ts";

const sized = (diskBytes: number) => ({ diskBytes, disks: [] });

describe("a machine's condition", () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "condition-"));
  });

  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  it("is sound at first, and outlives a restart until it is set back", async () => {
    const seen = await layCondition(directory, sized(200));
    const read = (name: string): Promise<string> => readFile(join(seen, name), "utf8");
    assert.deepEqual(
      await Promise.all([
        read("disk-bytes"),
        read("disk-used-bytes"),
        read("clock-offset-seconds"),
      ]),
      ["200\n", "12\n", "0\n"],
    );
    await setDiskUse(directory, 100);
    await setClockOffset(directory, -600);
    await layCondition(directory, sized(400));
    assert.deepEqual(
      await Promise.all([
        read("disk-bytes"),
        read("disk-used-bytes"),
        read("clock-offset-seconds"),
      ]),
      ["400\n", "200\n", "-600\n"],
    );
  });

  it("has a disk that grows under it, and partition and file system that follow at a boot", async () => {
    const seen = await layCondition(directory, sized(200));
    const sizes = (): Promise<string[]> =>
      Promise.all(
        ["disk-bytes", "layout/partition-bytes", "layout/filesystem-bytes"].map((name) =>
          readFile(join(seen, name), "utf8"),
        ),
      );
    await growDisk(directory, 400);
    assert.deepEqual(await sizes(), ["400\n", "200\n", "200\n"]);
    await setDiskUse(directory, 50);
    assert.equal(await readFile(join(seen, "disk-used-bytes"), "utf8"), "100\n");
    await layCondition(directory, sized(400));
    assert.deepEqual(await sizes(), ["400\n", "400\n", "400\n"]);
  });

  it("shows the disks beside the root disk, as they come and go", async () => {
    const disk = (slot: number) => ({ interface: `scsi${slot}`, bytes: slot * 100 });
    const seen = await layCondition(directory, { diskBytes: 200, disks: [disk(1)] });
    await showDisks(directory, [disk(2)]);
    assert.deepEqual(await readdir(join(seen, "disks")), ["scsi2"]);
    assert.equal(await readFile(join(seen, "disks/scsi2"), "utf8"), "200\n");
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
