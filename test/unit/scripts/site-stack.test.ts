import assert from "node:assert/strict";
import { CommandError, StackNotFoundError, type Stack } from "@pulumi/pulumi/automation/index.js";
import { causeOf, selectStack } from "../../../scripts/site-stack.ts";

describe("the stack of a command", () => {
  /** A backend with these stacks; `made` are those that a command has made. */
  function backend(...stacks: string[]) {
    const made: string[] = [];
    const stack = (name: string): Stack => ({ name }) as Stack;
    return {
      made,
      selectStack: ({ stackName }: { stackName: string }) =>
        stacks.includes(stackName)
          ? Promise.resolve(stack(stackName))
          : Promise.reject(Object.create(StackNotFoundError.prototype) as StackNotFoundError),
      createOrSelectStack: ({ stackName }: { stackName: string }) => {
        if (!stacks.includes(stackName)) made.push(stackName);
        return Promise.resolve(stack(stackName));
      },
    };
  }

  it("is made at first use of a site file, and never for a name that no file has", async () => {
    const empty = backend();
    await selectStack("home", {}, empty);
    assert.deepEqual(empty.made, ["home"]);
    await assert.rejects(
      selectStack("hmoe", {}, empty),
      /neither a Pulumi\.hmoe\.yaml nor a stack/,
    );
    assert.deepEqual(empty.made, ["home"]);
  });

  it("is not made in another backend where it must exist", async () => {
    const other = backend("cabin");
    await assert.rejects(selectStack("home", { existing: true }, other), /PULUMI_BACKEND_URL/);
    assert.deepEqual(other.made, []);
    assert.equal((await selectStack("cabin", { existing: true }, other)).name, "cabin");
  });

  it("is found where its site file is gone", async () => {
    assert.equal((await selectStack("gone", {}, backend("gone"))).name, "gone");
  });
});

describe("an error, for the person", () => {
  it("is what the engine's command ends with", () => {
    const message = "code: 255\n stdout: Updating (home):\n much\n stderr: error: update failed\n";
    const error = Object.assign(Object.create(CommandError.prototype) as CommandError, { message });
    assert.equal(causeOf(error), " stderr: error: update failed");
  });

  it("is all of any other, with the commands that it names", () => {
    const text =
      "It is not removed, because it is Bound:\n  kubectl delete ...\nerror: timed out waiting";
    assert.equal(causeOf(new Error(text)), text);
    assert.equal(causeOf("text"), "text");
  });
});
