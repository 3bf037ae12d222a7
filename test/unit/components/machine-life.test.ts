import assert from "node:assert/strict";
import { stepScript } from "../../../components/remote/shell.ts";
import { machineRoot, runScript } from "./machine-script.ts";

describe("a machine that is asked which life it lives", () => {
  const step = `${stepScript}\nmain() { note did its work; }\nmain "$@" </dev/null\n`;
  const run = (root: string, generation: string) =>
    runScript(root, step, { GENERATION: generation });

  it("does its steps under the generation that it was installed with", async () => {
    const root = machineRoot();
    for (let turn = 0; turn < 2; turn += 1) {
      const { code, stderr } = await run(root, "gen-0000aaaa");
      assert.deepEqual([code, stderr], [0, "did its work\n"]);
    }
  });

  it("refuses the step that takes it for a new one, so that nobody deletes its node", async () => {
    const root = machineRoot();
    await run(root, "gen-0000aaaa");
    const { code, stderr } = await run(root, "gen-0000bbbb");
    assert.equal(code, 1);
    assert.match(stderr, /was installed as gen-0000aaaa.*built anew \(gen-0000bbbb\)/);
    assert.match(stderr, /put the tag gen-0000aaaa back/);
    assert.doesNotMatch(stderr, /did its work/);
  });
});
