import assert from "node:assert/strict";
import { engineRuns, lockHolders } from "../../scripts/repair/lock.ts";
import { orphanedPlugins } from "../../scripts/repair/orphans.ts";
import { stringInput, withoutPending } from "../../scripts/state.ts";

describe("repair", () => {
  it("reads who holds a lock from the engine's message", () => {
    const message =
      "the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the " +
      "lock file with `pulumi cancel`.\n  file:///state/lock.json: created by ada@rack (pid 4711) at 2026-01-02T03:04:05Z";
    assert.deepEqual(lockHolders(message), [{ user: "ada", host: "rack", pid: 4711 }]);
  });

  it("does not take another program with a dead engine's process id for an engine", () => {
    assert.equal(engineRuns(process.pid), false);
  });

  it("finds no orphaned plugin of a directory that runs none", () => {
    assert.deepEqual(orphanedPlugins("/nonexistent"), []);
  });

  it("unwraps secrets of an export", () => {
    const secret = { "4dabf18193072939515e22adb298388d": "1b47", plaintext: '"kube"' };
    const resource = { urn: "u", type: "t", inputs: { kubeconfig: secret, endpoint: "https://x" } };
    assert.equal(stringInput(resource, "kubeconfig"), "kube");
    assert.equal(stringInput(resource, "endpoint"), "https://x");
    assert.equal(stringInput(resource, "absent"), undefined);
  });

  it("takes pending operations out of a deployment and nothing else", () => {
    const deployment = { version: 3, deployment: { resources: [1], pending_operations: [2] } };
    assert.deepEqual(withoutPending(deployment as never), {
      version: 3,
      deployment: { resources: [1] },
    });
  });
});
