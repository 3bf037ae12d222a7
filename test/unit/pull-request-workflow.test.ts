import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { projectDirectory } from "../../scripts/site-stack.ts";
import { neededPrograms } from "../../toolchain/debian.ts";
import { filled } from "../workflow/expression.ts";
import { give, runs, type PullRequest, type Result, type Settings } from "../workflow/github.ts";
import { playJob, type Actions, type Machine } from "../workflow/job.ts";
import { playRun } from "../workflow/run.ts";
import { readWorkflow, type Job } from "../workflow/workflow.ts";

const workflow = readWorkflow();
const { jobs, permissions } = workflow;
const job = (name: string): Job => jobs[name] ?? assert.fail(`there is no job ${name}`);
const everyJob = Object.entries(jobs);

const environmentSecrets: Readonly<Record<string, string>> = {
  OP_CONNECT_TOKEN: "connect-token-of-the-house",
  PULUMI_BACKEND_URL: "s3://states-of-the-house",
  PULUMI_CONFIG_PASSPHRASE: "passphrase-of-the-house",
  AWS_SECRET_ACCESS_KEY: "storage-key-of-the-house",
};

const settings: Settings = {
  repository: "owner/home",
  variables: { PREVIEWS: "true" },
  environments: {
    preview: {
      secrets: environmentSecrets,
      variables: { TS_CLIENT_ID: "client", TS_CONNECTORS: '{"home":"home-connector-0"}' },
    },
  },
};

const branch: PullRequest = {
  ...{ number: 7, base: "a".repeat(40), head: "b".repeat(40), merge: "c".repeat(40) },
  from: "owner/home",
};
const fork: PullRequest = { ...branch, from: "stranger/home" };

const given = (one: Job, pull = branch) =>
  give(workflow, one, { stack: "home" }, settings, pull, { api: "", token: "job-token" });

/** Actions of others, which only tell that they ran. */
const actions: Actions = Object.fromEntries(
  [
    ...["actions/checkout", "actions/setup-node", "actions/setup-go", "tailscale/github-action"],
    ...["actions/upload-artifact", "actions/download-artifact"],
  ].map((name) => [name, () => Promise.resolve("")]),
);

/** A machine in a folder of its own, on which a script plays `npm`. */
function machineIn(folder: string, npm: string): Machine {
  const [workspace, bin] = [join(folder, "workspace"), join(folder, "bin")];
  for (const path of [workspace, bin]) mkdirSync(path, { recursive: true });
  writeFileSync(join(bin, "npm"), `#!/bin/bash\n${npm}\n`);
  chmodSync(join(bin, "npm"), 0o755);
  return {
    ...{ workspace, temp: join(folder, "temp") },
    environment: { PATH: `${bin}:${process.env["PATH"] ?? ""}` },
    run: ([command = "", ...rest], env) => {
      const ended = spawnSync(command, rest, { cwd: workspace, encoding: "utf8", env });
      return Promise.resolve({ code: ended.status ?? 1, output: ended.stdout + ended.stderr });
    },
  };
}

/** Plays one job; gives how it went, and the files that it leaves. */
async function play(one: Job, npm: string) {
  const folder = mkdtempSync(join(tmpdir(), "workflow-"));
  try {
    const machine = machineIn(folder, npm);
    const played = await playJob(one, given(one), machine, actions);
    const text = (name: string): string =>
      existsSync(join(machine.workspace, name))
        ? readFileSync(join(machine.workspace, name), "utf8")
        : "";
    return { ...played, kept: text("previews/home-2-preview.md"), asked: text("asked") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** An engine that tells a secret, and the real mask over what the environment knows. */
const told = `
echo "$*" >> asked
case "$*" in
  *preview*) echo "403 for $OP_CONNECT_TOKEN"; echo "opened with $PULUMI_CONFIG_PASSPHRASE" >&2; exit "\${FAILED:-0}" ;;
  *mask*) exec ${process.execPath} --input-type=module -e '
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

  it("installs every package that the tests of an ordinary user need and GitHub's image has not", () => {
    // https://github.com/actions/runner-images/blob/main/images/ubuntu/Ubuntu2404-Readme.md
    const image = ["curl", "iproute2", "openssh-client", "procps", "util-linux"];
    const [step] = job("check").steps.filter(
      ({ run }) => run?.includes("apt-get install") === true,
    );
    const installed = (step?.run ?? "").split(/\s+/);
    for (const [program, name] of neededPrograms(false))
      assert.ok([...installed, ...image].includes(name), `${name} brings ${program}`);
  });

  it("stores no login of the tailnet: the run says who it is", () => {
    const join = job("preview").steps.find(({ uses }) => uses?.startsWith("tailscale/") === true);
    assert.equal(join?.with?.["oauth-secret"], undefined);
    assert.equal(join?.with?.["audience"], "${{ vars.TS_AUDIENCE }}");
    assert.equal(job("preview").permissions?.["id-token"], "write");
  });

  it("lets a fork's pull request run without secrets, and without a write", () => {
    const started = (pull: PullRequest): readonly string[] => {
      const results: Record<string, Result> = {};
      for (const [name, one] of everyJob)
        results[name] = runs(one, settings, pull, results) ? "success" : "skipped";
      return Object.keys(results).filter((name) => results[name] === "success");
    };
    assert.deepEqual(started(branch), Object.keys(jobs));
    assert.deepEqual(started(fork), ["check", "renovate", "graphs"]);
    for (const name of started(fork)) {
      const { contexts, permissions: may } = given(job(name), fork);
      assert.deepEqual([contexts.secrets, may], [{}, { contents: "read" }], name);
    }
  });

  it("has the reviewers see the graphs before they let a preview", async () => {
    const folder = mkdtempSync(join(tmpdir(), "workflow-"));
    const order: string[] = [];
    const run = async (lets: boolean) =>
      playRun(workflow, {
        ...{ settings, pull: branch, actions, artifacts: folder, stacks: ["home"] },
        ...{ played: ["graphs", "preview", "comment-graphs", "comment"] },
        access: () => ({ api: "", token: "job-token" }),
        machine: (title) => {
          order.push(title);
          return Promise.resolve(machineIn(join(folder, title), told));
        },
        review: (environment) => {
          order.push(`review of ${environment}`);
          return Promise.resolve(lets);
        },
      });
    try {
      const { results } = await run(true);
      assert.deepEqual([results["preview"], results["comment"]], ["success", "success"]);
      assert.deepEqual(order, [
        ...["graphs home", "comment-graphs", "review of preview", "preview home", "comment"],
      ]);
      const refused = await run(false);
      assert.equal(refused.results["preview"], "failure");
      assert.ok(!("preview home" in refused.jobs), "nothing ran that nobody let");
    } finally {
      rmSync(folder, { recursive: true });
    }
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

  it("keeps and logs no secret that the engine tells, and fails with the preview", async () => {
    const { result, said, summary, kept } = await play(job("preview"), told);
    assert.equal(result, "success", said);
    assert.match(kept, /### home: preview\n\n```diff\n403 for \[secret\]\nopened with \[secret\]/);
    for (const secret of Object.values(environmentSecrets))
      assert.ok(!`${said}${summary}${kept}`.includes(secret), `${secret} is in ${said}${kept}`);
    const failed = await play(job("preview"), `FAILED=3\n${told}`);
    assert.equal(failed.result, "failure");
    assert.match(failed.kept, /403 for \[secret\]/);
    assert.match(failed.summary, /403 for \[secret\]/, "the summary has it all the same");
  });

  it("keeps nothing where the mask fails", async () => {
    const { result, kept, said } = await play(
      job("preview"),
      told.replace("*mask*)", "*mask*) exit 1 ;; *never*)"),
    );
    assert.equal(result, "failure");
    assert.doesNotMatch(kept + said, /of-the-house/);
  });

  it("asks for previews with options that the command has, and makes no stack", async () => {
    const [asked = ""] = (await play(job("preview"), told)).asked.split("\n");
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
    const [step] = job("preview").steps.filter(
      ({ run }) => run?.includes("npm run --silent preview") === true,
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

describe("the Connector that a preview waits for", () => {
  const named = (stack: string, variables: Readonly<Record<string, string>>): string =>
    filled(job("preview").env?.["CONNECTOR"] ?? "", {
      contexts: { vars: variables, matrix: { stack } },
      functions: {},
    });

  it("is each site's own, whatever the stack is called", () => {
    const variables = { TS_CONNECTORS: '{"home":"home-connector-0","my-site":"hut-0"}' };
    assert.equal(named("home", variables), "home-connector-0");
    assert.equal(named("my-site", variables), "hut-0");
    assert.equal(named("other", variables), "");
  });

  it("is found where variables of earlier workflows name it", () => {
    assert.equal(named("home", { TS_CONNECTOR_HOME: "home-connector-0" }), "home-connector-0");
    assert.equal(named("my-site", { TS_CONNECTOR: "connector" }), "connector");
  });

  it("is missed aloud", async () => {
    const { said } = await play(job("preview"), told);
    assert.doesNotMatch(said, /::warning/);
    const none = structuredClone(given(job("preview")));
    Object.assign(none.contexts, { vars: {} });
    const folder = mkdtempSync(`${tmpdir()}/workflow-`);
    try {
      const machine = machineIn(folder, told);
      const played = await playJob(job("preview"), none, machine, actions);
      assert.match(played.said, /::warning.*TS_CONNECTORS.*home/);
      assert.equal(played.result, "success");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** What a site's file says. */
interface SiteFile {
  readonly "homelab:proxmox": { readonly hosts: readonly { readonly address: string }[] };
  readonly "homelab:cluster": { readonly vip: string };
  readonly "homelab:tailnet": { readonly policy: { readonly grants: readonly Grant[] } };
}
interface Grant {
  readonly src: readonly string[];
  readonly dst: readonly string[];
  readonly ip: readonly string[];
}

const siteFile = (stack: string): SiteFile => {
  const text = readFileSync(join(projectDirectory, `Pulumi.${stack}.yaml`), "utf8");
  return (parse(text) as { config: SiteFile }).config;
};
const { grants } = siteFile("home")["homelab:tailnet"].policy;

describe("the sites that are previewed", () => {
  it("are those whose host and control plane the policy lets the runner reach", () => {
    const reaches = (address: string | undefined, port: string): boolean =>
      grants.some(
        ({ src, dst, ip }) =>
          src.includes("tag:ci") && dst.includes(`${address ?? ""}/32`) && ip.includes(port),
      );
    for (const stack of job("preview").strategy?.matrix.stack ?? []) {
      const site = siteFile(stack);
      const [host] = site["homelab:proxmox"].hosts;
      assert.ok(reaches(host?.address, "tcp:8006"), `no grant of the Proxmox host of ${stack}`);
      assert.ok(reaches(site["homelab:cluster"].vip, "tcp:6443"), `no grant of ${stack}'s API`);
    }
  });
});

describe("the grants of previews", () => {
  it("leave out names, which whoever has a grant may ask for", () => {
    assert.deepEqual(
      grants.filter(({ ip }) => ip.some((what) => what.endsWith(":53"))),
      [],
    );
  });
});

describe("the page about pull requests", () => {
  const page = readFileSync(join(projectDirectory, "docs/pull-requests.md"), "utf8");

  it("names the grants that home gives its previews, which its preview is tried with", () => {
    const [, block = ""] = /```yaml\n(homelab:tailnet:[\s\S]*?)```/.exec(page) ?? [];
    const written = parse(block) as Pick<SiteFile, "homelab:tailnet">;
    assert.deepEqual(written["homelab:tailnet"].policy.grants, grants);
  });
});
