import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Supervised } from "../host/supervised.ts";

describe("a supervised program", () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "homelab-supervised-"));
  });
  after(() => rm(directory, { recursive: true }));

  it("is started again at once when it is asked for, and ends for good", async () => {
    const log = join(directory, "log");
    const program = new Supervised("program", ["sh", "-c", "echo up; exec sleep 60"], log);
    const starts = async (): Promise<number> =>
      (await readFile(log, "utf8")).split("up").length - 1;
    await program.start();
    await program.answers(async () => assert.equal(await starts(), 1));
    const asked = performance.now();
    await program.restart();
    assert.ok(performance.now() - asked < 900, "it waited as for a program that fails");
    assert.deepEqual([program.running, program.failure], [true, undefined]);
    await program.answers(async () => assert.equal(await starts(), 2));
    await program.stop();
    assert.equal(program.running, false);
  });
});
