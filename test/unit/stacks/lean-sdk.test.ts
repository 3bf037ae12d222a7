import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** What a program says that has the lean SDK; one of its own, because the SDK is changed for a whole process. */
function program(text: string): unknown {
  const lean = fileURLToPath(new URL("../../../stacks/lean-sdk.ts", import.meta.url));
  const script = `
    await import(${JSON.stringify(lean)});
    const { runtime, log } = await import("@pulumi/pulumi");
    const { createRequire } = await import("node:module");
    const { cache } = createRequire(${JSON.stringify(lean)});
    const compiler = () => Object.keys(cache).some((file) => file.endsWith("/typescript.js"));
    console.log(JSON.stringify(${text}));`;
  const args = ["--input-type=module", "--eval", script];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" }));
}

describe("the lean SDK", () => {
  it("loads the compiler only for a program that ships a function", () => {
    const text =
      "[compiler(), (await runtime.serializeFunction(() => 41 + 1)).text.includes('41'), compiler()]";
    assert.deepEqual(program(text), [false, true, true]);
  });

  it("sends no debug messages, and leaves the others alone", () => {
    assert.deepEqual(program("[await log.debug('answer') ?? null, String(log.warn).length > 40]"), [
      null,
      true,
    ]);
  });

  it("keeps a stack that leads to the program", () => {
    assert.match(String(program("new Error('why').stack")), /^Error: why\n +at .*eval/);
  });
});
