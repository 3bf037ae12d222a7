import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { PassThrough } from "node:stream";
import { consent } from "../../../scripts/consent.ts";
import { projectDirectory } from "../../../scripts/site-stack.ts";

const question = {
  about: "This deletes all machines of home with their disks.",
  word: "home",
  yes: false,
  otherwise: "nothing was destroyed",
};

function typed(text: string): PassThrough & { isTTY: boolean } {
  const input = Object.assign(new PassThrough(), { isTTY: true });
  input.end(text);
  return input;
}

const answered = (text: string): Promise<void> => consent(question, typed(text), new PassThrough());

describe("consent", () => {
  it("lets nothing be destroyed from a pipe, a timer or an editor's task without --yes", () => {
    const { status, stderr } = spawnSync("node", ["scripts/destroy.ts", "--stack", "home"], {
      ...{ cwd: projectDirectory, encoding: "utf8", input: "" },
      env: { PATH: process.env["PATH"], PULUMI_BACKEND_URL: "file:///nowhere" },
    });
    assert.equal(status, 1);
    assert.match(stderr, /^nothing was destroyed: .* home with their disks.*--yes/);
  });

  it("is the stack's name at a terminal, and nothing else", async () => {
    await answered("home\n");
    await assert.rejects(answered("yes\n"), { message: "nothing was destroyed" });
    await assert.rejects(answered("\n"), { message: "nothing was destroyed" });
    await assert.rejects(answered(""), { message: "nothing was destroyed" });
  });

  it("is given by --yes without a question", async () => {
    const nobody = new PassThrough();
    await consent({ ...question, yes: true }, nobody, new PassThrough());
    await assert.rejects(consent(question, nobody, new PassThrough()), /no terminal/);
  });
});
