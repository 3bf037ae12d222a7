import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { readWorkflow } from "../workflow/workflow.ts";

const execute = promisify(execFile);

/** A run's request for its own token, and Pulumi Cloud's for a login, as the services answer. */
describe("the workflow signs in as this run", () => {
  let server: Server;
  let base: string;
  let directory: string;
  /** Headers and bodies that came, by path. */
  const asked = new Map<string, { authorization?: string; body: string }>();

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "sign-in-"));
    server = createServer((request, response) => {
      void text(request).then((body) => {
        const { authorization = "" } = request.headers;
        asked.set(request.url ?? "", { authorization, body });
        const known = authorization === "bearer of-this-run" || request.url === "/api/oauth/token";
        response.statusCode = known ? 200 : 401;
        response.end(JSON.stringify({ value: "token-of-run", access_token: "login-of-run" }));
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  after(async () => {
    server.close();
    await rm(directory, { recursive: true });
  });

  /** Runs a step's script as the runner does; gives what it said, and what it wrote for later steps. */
  async function play(name: string, own: Record<string, string> = {}, token = "of-this-run") {
    const step = readWorkflow().jobs["preview"]?.steps.find((one) => one.name === name);
    assert.ok(step?.run !== undefined, `the job has no step ${name}`);
    const file = join(directory, "env");
    const { stdout } = await execute("bash", ["-e", "-c", step.run], {
      env: {
        PATH: process.env["PATH"],
        ...{ RUNNER_TEMP: directory, GITHUB_ENV: file, ...own },
        ...{
          ACTIONS_ID_TOKEN_REQUEST_URL: `${base}/id?v=2`,
          ACTIONS_ID_TOKEN_REQUEST_TOKEN: token,
        },
      },
    });
    const told = await readFile(file, "utf8");
    await rm(file);
    return { stdout, told };
  }

  it("at AWS, whose client finds the token in a file", async () => {
    const { told } = await play("sign in at AWS as this run");
    assert.equal(told, `AWS_WEB_IDENTITY_TOKEN_FILE=${directory}/aws-token\n`);
    assert.equal(await readFile(join(directory, "aws-token"), "utf8"), "token-of-run\n");
    assert.ok(asked.has("/id?v=2&audience=sts.amazonaws.com"));
  });

  it("at Pulumi Cloud, whose login no log shows", async () => {
    const audience = "urn:pulumi:org:home";
    const own = { API: base, AUDIENCE: audience, KIND: "personal user:someone" };
    const { stdout, told } = await play("sign in at Pulumi Cloud as this run", own);
    assert.equal(stdout, "::add-mask::login-of-run\n");
    assert.equal(told, "PULUMI_ACCESS_TOKEN=login-of-run\n");
    assert.ok(asked.has(`/id?v=2&audience=${audience}`));
    const form = new URLSearchParams(asked.get("/api/oauth/token")?.body);
    assert.deepEqual(Object.fromEntries(form), {
      audience,
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token_type: "urn:ietf:params:oauth:token-type:id_token",
      requested_token_type: "urn:pulumi:token-type:access_token:personal",
      scope: "user:someone",
      expiration: "3600",
      subject_token: "token-of-run",
    });
  });

  it("and ends where GitHub gives no token", async () => {
    for (const name of ["sign in at AWS as this run", "sign in at Pulumi Cloud as this run"])
      await assert.rejects(play(name, { API: base, AUDIENCE: "a", KIND: "organization" }, "other"));
  });
});
