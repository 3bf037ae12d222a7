import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { parse } from "yaml";
import { projectDirectory } from "../../scripts/site-stack.ts";

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly if?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
}

interface Job {
  readonly if?: string;
  readonly environment?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly strategy?: { readonly matrix: { readonly stack: readonly string[] } };
  readonly env?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

interface Workflow {
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const source = readFileSync(join(projectDirectory, ".github/workflows/pull-request.yml"), "utf8");
const { jobs, permissions } = parse(source) as Workflow;
const job = (name: string): Job => jobs[name] ?? assert.fail(`there is no job ${name}`);
const everyJob = Object.entries(jobs);

const environmentSecrets: Readonly<Record<string, string>> = {
  OP_CONNECT_TOKEN: "connect-token-of-the-house",
  PULUMI_BACKEND_URL: "s3://states-of-the-house",
  PULUMI_CONFIG_PASSPHRASE: "passphrase-of-the-house",
  AWS_SECRET_ACCESS_KEY: "storage-key-of-the-house",
};

/** What GitHub knows while a job runs. A fork's run gets no secret, and a job of no environment gets none of it. */
function contextOf({ environment }: Pick<Job, "environment">, fork: boolean) {
  const base = "owner/home";
  return {
    github: {
      repository: base,
      token: "job-token",
      event: {
        number: 7,
        pull_request: {
          base: { sha: "a".repeat(40) },
          head: { repo: { full_name: fork ? "stranger/home" : base } },
        },
      },
    },
    matrix: { stack: "home" },
    vars: { PREVIEWS: "true", TS_CLIENT_ID: "client", TS_CONNECTOR_home: "home-connector-0" },
    secrets: environment !== undefined && !fork ? environmentSecrets : {},
    needs: { preview: { result: fork ? "skipped" : "success" } },
    always: () => true,
    // GitHub takes names of variables in any case.
    format: (text: string, value: string) => text.replace("{0}", value),
    hashFiles: () => "found",
  };
}

/** The value of an expression, whose forms here mean the same in JavaScript; what is absent is empty. */
const valueOf = (expression: string, context: object): unknown =>
  runInNewContext(expression, context) ?? "";

const filled = (text: string, context: object): string =>
  text.replace(/\$\{\{(.*?)\}\}/g, (_, expression: string) => String(valueOf(expression, context)));

const runs = (one: Job, fork: boolean): boolean =>
  one.if === undefined || Boolean(valueOf(one.if, contextOf(one, fork)));

/** Runs the job's steps of this command as GitHub does, with `npm` played by a script; gives log and files. */
function play(one: Job, npm: string) {
  const folder = mkdtempSync(join(tmpdir(), "workflow-"));
  try {
    writeFileSync(join(folder, "npm"), `#!/bin/bash\n${npm}\n`);
    chmodSync(join(folder, "npm"), 0o755);
    const context = contextOf(one, false);
    const outcomes = one.steps
      .filter(({ run, if: condition }) => run !== undefined && condition === undefined)
      .map(({ run = "", env = {} }) => {
        const all = Object.entries({ ...one.env, ...env });
        return spawnSync("bash", ["-e", "-c", filled(run, context)], {
          ...{ cwd: folder, encoding: "utf8" },
          env: {
            PATH: `${folder}:${process.env["PATH"] ?? ""}`,
            RUNNER_TEMP: folder,
            ...Object.fromEntries(all.map(([name, value]) => [name, filled(value, context)])),
          },
        });
      });
    const kept = spawnSync("bash", ["-c", "cat previews/*.md"], { cwd: folder, encoding: "utf8" });
    return {
      status: outcomes.map(({ status }) => status),
      log: outcomes.map(({ stdout, stderr }) => stdout + stderr).join(""),
      kept: kept.stdout,
      asked: existsSync(join(folder, "asked")) ? readFileSync(join(folder, "asked"), "utf8") : "",
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** An engine that tells a secret, and the real mask over what the environment knows. */
const told = `
echo "$*" >> asked
case "$*" in
  *preview*) echo "403 for $OP_CONNECT_TOKEN"; echo "opened with $PULUMI_CONFIG_PASSPHRASE" >&2; exit "\${FAILED:-0}" ;;
  *mask*) exec node --input-type=module -e '
      import { text } from "node:stream/consumers";
      import { maskSecrets, secretValues } from "${projectDirectory}/scripts/pull-request/mask.ts";
      process.stdout.write(maskSecrets(await text(process.stdin), secretValues(process.env)));' ;;
  *) echo "difference" ;;
esac`;

describe("the workflow of pull requests", () => {
  it("gives secrets to a job of the reviewed environment alone", () => {
    assert.deepEqual(permissions, { contents: "read" });
    for (const [name, one] of everyJob) {
      const text = JSON.stringify(one);
      if (!/secrets\./.test(text)) continue;
      assert.equal(one.environment, "preview", `${name} has secrets without a review`);
      assert.deepEqual(one.permissions, { contents: "read", "id-token": "write" }, name);
    }
    assert.equal(job("preview").environment, "preview");
  });

  it("stores no login of the tailnet: the run says who it is", () => {
    const join = job("preview").steps.find(({ uses }) => uses?.startsWith("tailscale/") === true);
    assert.equal(join?.with?.["oauth-secret"], undefined);
    assert.equal(join?.with?.["audience"], "${{ vars.TS_AUDIENCE }}");
    const ping = filled(String(join.with["ping"]), contextOf(job("preview"), false));
    assert.equal(ping, "home-connector-0", "each site has a Connector of its own");
    assert.equal(job("preview").permissions?.["id-token"], "write");
  });

  it("lets a fork's pull request run without secrets, and without a write", () => {
    const started = everyJob.filter(([, one]) => runs(one, true));
    assert.deepEqual(started.map(([name]) => name).sort(), ["check", "graphs", "renovate"]);
    for (const [name, one] of started) {
      assert.doesNotMatch(JSON.stringify(one), /secrets\.|write/, name);
    }
    assert.deepEqual(
      everyJob.filter(([, one]) => runs(one, false)).map(([name]) => name),
      Object.keys(jobs),
    );
  });

  it("runs the base's code where the token may write", () => {
    const writers = everyJob.filter(([, one]) => one.permissions?.["pull-requests"] === "write");
    assert.deepEqual(
      writers.map(([name]) => name),
      ["comment-graphs", "comment"],
    );
    for (const [name, { steps }] of writers) {
      const checkout = steps.find(({ uses }) => uses?.startsWith("actions/checkout@") === true);
      assert.equal(checkout?.with?.["ref"], "${{ github.event.pull_request.base.sha }}", name);
    }
  });

  it("keeps and logs no secret that the engine tells, and fails with the preview", () => {
    const { status, log, kept } = play(job("preview"), told);
    assert.deepEqual(status, [0]);
    assert.match(kept, /### home: preview\n\n```diff\n403 for \[secret\]\nopened with \[secret\]/);
    for (const secret of Object.values(environmentSecrets)) {
      assert.ok(!`${log}${kept}`.includes(secret), `${secret} is in ${log}${kept}`);
    }
    const failed = play(job("preview"), `FAILED=3\n${told}`);
    assert.deepEqual(failed.status, [3]);
    assert.match(failed.kept, /403 for \[secret\]/);
  });

  it("keeps nothing where the mask fails", () => {
    const { status, kept, log } = play(
      job("preview"),
      told.replace("*mask*)", "*mask*) exit 1 ;; *never*)"),
    );
    assert.deepEqual(status, [1]);
    assert.doesNotMatch(kept + log, /of-the-house/);
  });

  it("asks for previews with options that the command has, and makes no stack", () => {
    const [asked = ""] = play(job("preview"), told).asked.split("\n");
    const options = asked.split(" -- ")[1]?.split(" ") ?? [];
    assert.ok(options.includes("--existing"), asked);
    const { stderr } = spawnSync(process.execPath, ["scripts/preview.ts", ...options], {
      ...{ cwd: projectDirectory, encoding: "utf8" },
      // Without Pulumi it ends once it has understood.
      env: { PATH: "/nowhere" },
    });
    assert.match(stderr, /pulumi/);
    assert.doesNotMatch(stderr, /unknown option/);
  });

  it("passes every login that a site may need", () => {
    const [step] = job("preview").steps.filter(({ run }) =>
      run?.includes("npm run --silent preview"),
    );
    for (const name of [
      "PULUMI_ACCESS_TOKEN",
      "AWS_ACCESS_KEY_ID",
      "AWS_SECRET_ACCESS_KEY",
      "PROXMOX_VE_API_TOKEN",
      "PROXMOX_VE_SSH_PRIVATE_KEY",
    ]) {
      assert.ok(name in (step?.env ?? {}), name);
    }
  });
});
