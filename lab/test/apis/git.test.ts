import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createGit } from "../../apis/git/server.ts";
import type { Web } from "../../apis/web/server.ts";
import { selfSigned } from "./certificate.ts";

const token = "git-token";

describe("the host of git", () => {
  const folder = mkdtempSync(join(tmpdir(), "git-"));
  let web: Web;

  const open = async (): Promise<void> => {
    web = await createGit({
      ...{ address: "127.0.0.1", port: 0, tls: selfSigned(), stateDir: join(folder, "state") },
      ...{ repository: "homelab.git", token },
    });
  };
  before(open);
  after(async () => {
    await web.close();
    rmSync(folder, { recursive: true });
  });

  /** Git's own words; a request with a login, where there is a secret. */
  const git = async (secret: string | undefined, ...args: readonly string[]): Promise<string> => {
    const login = Buffer.from(`me:${secret ?? ""}`).toString("base64");
    const header =
      secret === undefined ? [] : ["-c", `http.extraHeader=Authorization: Basic ${login}`];
    const identity = ["-c", "user.name=a", "-c", "user.email=a@example.net"];
    const env = { ...process.env, GIT_TERMINAL_PROMPT: "0", GIT_CONFIG_GLOBAL: "/dev/null" };
    const line = ["-c", "http.sslVerify=false", ...header, ...identity, ...args];
    const { stdout, stderr } = await promisify(execFile)("git", line, { env });
    return stdout + stderr;
  };
  const url = (): string => `https://127.0.0.1:${web.port}/homelab.git`;

  it("gives what was pushed to whoever has the token, and keeps it", async () => {
    const work = join(folder, "work");
    mkdirSync(work);
    await git(undefined, "init", "-q", "-b", "main", work);
    // More than one packet, and so a body that comes in parts.
    writeFileSync(join(work, "large"), Buffer.alloc(2 << 20, "0123456789abcdef\n"));
    await git(undefined, "-C", work, "add", "--all");
    await git(undefined, "-C", work, "commit", "-q", "-m", "first");
    await git(token, "-C", work, "push", "-q", url(), "main");
    await web.close();
    await open();
    const copy = join(folder, "copy");
    await git(token, "clone", "-q", url(), copy);
    assert.deepEqual(readFileSync(join(copy, "large")), readFileSync(join(work, "large")));
    assert.match(await git(token, "ls-remote", url()), /\tHEAD\n.*\trefs\/heads\/main\n$/);
  });

  it("lets nobody in who has not", async () => {
    for (const secret of [undefined, "wrong"])
      await assert.rejects(
        git(secret, "ls-remote", url()),
        /Authentication failed|could not read Username/,
      );
  });
});
