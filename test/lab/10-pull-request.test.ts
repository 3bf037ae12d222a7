import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { stacksDirectory } from "../../lab/host/stacks.ts";
import type { PullRequest, Settings } from "../workflow/github.ts";
import type { Actions, Played } from "../workflow/job.ts";
import { playRun, type Run } from "../workflow/run.ts";
import { readWorkflow } from "../workflow/workflow.ts";
import { paths } from "./command.ts";
import {
  change,
  hostRepository,
  preparing,
  repository,
  serveComments,
  type Comments,
} from "./hosted-repository.ts";
import { makeReadOnly, ownSecrets, type ReadOnly } from "./read-only.ts";
import {
  backend,
  connectRunner,
  disconnectRunner,
  joinTailnet,
  runnerMachine,
  runners,
} from "./runner-machine.ts";
import { given, siteIsUp } from "./states.ts";
import { ask, credentials, devices } from "./world.ts";

/** The files of home's state, as one value. */
const stateOf = (): string =>
  createHash("sha256")
    .update(readFileSync(join(stacksDirectory(paths.pulumi), "home.json")))
    .digest("hex");

/** Locks of all stacks. */
const locks = (): readonly string[] =>
  readdirSync(join(paths.pulumi, ".pulumi/locks"), { recursive: true }).map(String).sort();

describe("a pull request, its workflow played on runners in the lab", () => {
  given(siteIsUp);

  const workflow = readWorkflow();
  const [origin, artifacts] = [join(runners, "origin"), join(runners, "artifacts")];
  let pull: PullRequest;
  let login: ReadOnly;
  let comments: Comments;
  let settings: Settings;
  /** What nobody may read anywhere. */
  let secrets: readonly string[];

  before(async () => {
    rmSync(runners, { recursive: true, force: true });
    await connectRunner();
    pull = hostRepository(origin);
    comments = await serveComments(pull.number);
    login = await makeReadOnly();
    const { passphrase } = await credentials();
    settings = {
      repository,
      variables: { PREVIEWS: "true" },
      environments: {
        preview: {
          secrets: {
            OP_CONNECT_TOKEN: login.connectToken,
            PULUMI_BACKEND_URL: backend,
            PULUMI_CONFIG_PASSPHRASE: passphrase,
          },
          variables: {
            ...{ TS_CLIENT_ID: login.joining.id, TS_AUDIENCE: "api.tailscale.com/preview" },
            TS_CONNECTORS: JSON.stringify({ home: "robbinsdale-connector-0" }),
            CA_CERTIFICATE: readFileSync(join(paths.ca, "ca.pem"), "utf8"),
          },
        },
      },
    };
    const given = Object.values(settings.environments["preview"]?.secrets ?? {});
    secrets = [...(await ownSecrets()), ...Object.values(login.secrets), ...given];
  });

  after(async () => {
    await (login as ReadOnly | undefined)?.away();
    await (comments as Comments | undefined)?.close();
    await disconnectRunner();
    rmSync(runners, { recursive: true });
  });

  const joined: Actions[string] = async ({ with: inputs, given: { permissions, contexts } }) => {
    assert.equal(permissions["id-token"], "write", "Tailscale is told by nobody who this is");
    assert.deepEqual(contexts.secrets["TS_OAUTH_SECRET"], undefined);
    assert.equal(inputs["oauth-client-id"], login.joining.id);
    assert.equal(inputs["audience"], "api.tailscale.com/preview");
    assert.deepEqual([inputs["tags"], inputs["args"]], ["tag:ci", "--accept-routes"]);
    await joinTailnet();
    const known = (await devices()).map(({ hostname }) => hostname);
    assert.ok(known.includes(inputs["ping"] ?? ""), `nobody is called ${inputs["ping"] ?? ""}`);
    return "joined\n";
  };

  /** Plays the workflow, but for its tests and what Renovate downloads. */
  const play = async (of: PullRequest, review: () => Promise<boolean>): Promise<Run> =>
    playRun(workflow, {
      ...{ settings, pull: of, artifacts, stacks: ["home"], review },
      played: ["graphs", "preview", "comment-graphs", "comment"],
      access: (permissions) => comments.access(permissions),
      machine: (title) =>
        runnerMachine(
          `${of.from}-${title}`.replaceAll("/", "-"),
          title.startsWith("preview") ? "lab" : "here",
        ),
      actions: { ...preparing(origin), "tailscale/github-action": joined },
    });

  const of = (run: Run, title: string): Played =>
    run.jobs[title] ?? assert.fail(`${title} did not run: ${JSON.stringify(run.results)}`);

  /** Fails when one of the secrets stands in a text, each line of it for itself. */
  function expectNoSecret(text: string, where: string): void {
    const lines = [...secrets, ...comments.tokens].flatMap((secret) => secret.split("\n"));
    for (const line of lines.map((one) => one.trim()).filter((one) => one.length >= 8))
      assert.ok(!text.includes(line), `a secret of ${line.length} characters is in ${where}`);
  }

  describe("from a branch", function () {
    // Two minutes of work where nothing else runs.
    this.timeout(400_000);
    let run: Run;
    let state: string;
    let held: readonly string[];
    let early: readonly string[] = [];

    before(async () => {
      state = stateOf();
      held = locks();
      run = await play(pull, () => {
        early = [...comments.texts];
        return Promise.resolve(true);
      });
    });

    it("shows its reviewer what it does to the graph, before anything has a secret", () => {
      assert.equal(of(run, "graphs home").result, "success", of(run, "graphs home").said);
      assert.equal(early.length, 1);
      assert.match(early[0] ?? "", /^<!-- .* -->\n### home against /);
      assert.match(early[0] ?? "", new RegExp(change.name));
      assert.doesNotMatch(early[0] ?? "", /### home: preview/);
    });

    it("is previewed with the documented logins alone, and the preview stands in the comment", () => {
      const { result, said, summary } = of(run, "preview home");
      assert.equal(result, "success", said);
      for (const text of [said, summary, comments.texts.at(-1) ?? ""]) {
        assert.match(text, /### home: preview/);
        assert.match(text, new RegExp(`${change.name}[\\s\\S]*${change.value}`));
      }
      assert.deepEqual([run.results["comment"], comments.texts.length], ["success", 2]);
    });

    it("changes nothing, and leaves no lock", () => {
      assert.equal(stateOf(), state);
      assert.deepEqual(locks(), held);
    });

    it("tells no secret in logs, summaries, artifacts and comments", () => {
      for (const [title, { said, summary }] of Object.entries(run.jobs))
        expectNoSecret(said + summary, `what ${title} said`);
      for (const name of readdirSync(artifacts, { recursive: true }).map(String))
        if (name.endsWith(".md")) expectNoSecret(readFileSync(join(artifacts, name), "utf8"), name);
      for (const text of comments.texts) expectNoSecret(text, "the comment");
    });
  });

  describe("with what it was given", () => {
    it("has logins that change nothing", async () => {
      const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
      const token = login.secrets["op://Homelab/Proxmox/api-token"] ?? "";
      const proxmox = await ask("POST", "https://192.168.1.11:8006/api2/json/pools", {
        Authorization: `PVEAPIToken=${token}`,
      });
      const body = JSON.stringify({
        title: "New",
        vault: { id: "a".repeat(26) },
        category: "LOGIN",
      });
      const vault = `https://connect.home.arpa/v1/vaults/${"a".repeat(26)}/items`;
      const connect = await ask("POST", vault, bearer(login.connectToken), body);
      const api = "https://api.tailscale.com/api/v2";
      const [id, secret] = ["client-id", "client-secret"].map(
        (field) => login.secrets[`op://Homelab/Tailscale/${field}`] ?? "",
      );
      const form = { "Content-Type": "application/x-www-form-urlencoded" };
      const answer = await ask(
        "POST",
        `${api}/oauth/token`,
        form,
        `client_id=${id ?? ""}&client_secret=${secret ?? ""}`,
      );
      const { access_token } = JSON.parse(answer.body) as { access_token: string };
      const tailnet = await ask("POST", `${api}/tailnet/-/acl`, bearer(access_token), "{}");
      assert.deepEqual([proxmox.status, connect.status, tailnet.status], [403, 403, 403]);
    });

    it("is not asked of the network what no grant names", async () => {
      const machine = await runnerMachine("asking", "lab");
      const asks = async (url: string): Promise<number> =>
        (await machine.run(["curl", "-sk", "-m", "4", "-o", "/dev/null", url], machine.environment))
          .code;
      assert.equal(await asks("https://192.168.1.11:8006/"), 0, "the host that a grant names");
      for (const other of [
        "https://192.168.1.11:22/",
        "https://192.168.1.12:8006/",
        "https://10.43.0.1/",
      ])
        assert.notEqual(await asks(other), 0, other);
    });
  });

  describe("from a fork", function () {
    this.timeout(200_000);
    let run: Run;
    let written: number;

    before(async () => {
      written = comments.texts.length;
      run = await play({ ...pull, from: "stranger/homelab" }, () =>
        assert.fail("nobody is asked to let a fork in"),
      );
    });

    it("has its graphs in the job's summary, and no preview", () => {
      const { result, said, summary } = of(run, "graphs home");
      assert.equal(result, "success", said);
      assert.match(summary, new RegExp(change.name));
      assert.deepEqual(
        ["preview", "comment-graphs", "comment"].map((name) => run.results[name]),
        ["skipped", "skipped", "skipped"],
      );
    });

    it("is given no secret, tells none, and writes nothing", () => {
      for (const [title, { said, summary }] of Object.entries(run.jobs))
        expectNoSecret(said + summary, `what ${title} said`);
      assert.equal(comments.texts.length, written);
    });
  });
});
