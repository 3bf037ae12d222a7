/** A repository at GitHub with a pull request, and the comments that its API keeps. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { parseDocument } from "yaml";
import { siteFilesDirectory } from "../../lab/host/site-files.ts";
import type { Access, PullRequest, Values } from "../workflow/github.ts";
import type { Actions } from "../workflow/job.ts";
import { paths } from "./command.ts";

/** `owner/name`. */
export const repository = "owner/homelab";

/** What the pull request does: a variable of the application. */
export const change = { name: "GREETING", value: "hello-from-a-branch" } as const;

const git = (folder: string, ...args: readonly string[]): string =>
  execFileSync("git", ["-C", folder, ...args], {
    encoding: "utf8",
    env: {
      ...process.env,
      ...{
        GIT_AUTHOR_NAME: "a",
        GIT_AUTHOR_EMAIL: "a@example.net",
        GIT_CONFIG_GLOBAL: "/dev/null",
      },
      ...{ GIT_COMMITTER_NAME: "a", GIT_COMMITTER_EMAIL: "a@example.net" },
    },
  }).trim();

/** Writes the graphs of a folder's sites, as their owner commits them. */
function writeGraphs(folder: string): void {
  const modules = join(folder, "node_modules");
  symlinkSync(join(paths.clone, "node_modules"), modules);
  execFileSync(process.execPath, ["test/golden/write.ts", "--write"], { cwd: folder });
  rmSync(modules);
}

/** This clone as a repository in a folder, with home's site file as the lab has it, and a pull request to it. */
export function hostRepository(folder: string): PullRequest {
  mkdirSync(folder, { recursive: true });
  const listed = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const files = git(paths.clone, ...listed).split("\0");
  for (const file of files.filter((one) => one !== "" && existsSync(join(paths.clone, one))))
    cpSync(join(paths.clone, file), join(folder, file));
  const site = join(folder, "Pulumi.home.yaml");
  cpSync(join(siteFilesDirectory(paths), "Pulumi.home.yaml"), site);
  // Suites before this one leave more in the site than a difference shows.
  writeGraphs(folder);
  git(folder, "init", "-q", "-b", "main");
  git(folder, "config", "uploadpack.allowAnySHA1InWant", "true");
  const commit = (subject: string): string => {
    git(folder, "add", "--all");
    git(folder, "commit", "-q", "-m", subject);
    return git(folder, "rev-parse", "HEAD");
  };
  const base = commit("base");
  git(folder, "checkout", "-q", "-b", "change");
  const document = parseDocument(readFileSync(site, "utf8"));
  document.setIn(["config", "homelab:apps", "typeo", "environment", change.name], change.value);
  writeFileSync(site, String(document));
  const head = commit("change");
  git(folder, "checkout", "-q", "main");
  git(folder, "merge", "-q", "--no-ff", "-m", "merge", "change");
  const merge = git(folder, "rev-parse", "HEAD");
  git(folder, "update-ref", "refs/pull/7/merge", merge);
  return { number: 7, base, head, merge, from: repository };
}

/** The actions that prepare a machine, over a repository in a folder. */
export const preparing = (folder: string): Actions => ({
  "actions/checkout": ({ with: inputs, given, machine }) => {
    assert.equal(inputs["persist-credentials"], "false", "a token stays in the checkout");
    const ref = inputs["ref"] ?? String(given.contexts.github["ref"]);
    const url = `file://${folder}`;
    git(machine.workspace, "init", "-q");
    if (inputs["fetch-depth"] === "0")
      git(machine.workspace, "fetch", "-q", url, "+refs/*:refs/remotes/origin/*");
    git(
      machine.workspace,
      "fetch",
      "-q",
      ...(inputs["fetch-depth"] === "0" ? [] : ["--depth=1"]),
      url,
      ref,
    );
    git(machine.workspace, "checkout", "-q", "FETCH_HEAD");
    return Promise.resolve("");
  },
  // The machine has both.
  "actions/setup-node": () => Promise.resolve(""),
  "actions/setup-go": () => Promise.resolve(""),
});

/** GitHub's API, as far as a pull request's comments go (https://docs.github.com/en/rest/issues/comments). */
export interface Comments {
  /** A token with these permissions, and where to use it. */
  access(permissions: Values): Access;
  /** Every text that the comment has had, oldest first. */
  readonly texts: readonly string[];
  /** Tokens that were given. */
  readonly tokens: readonly string[];
  close(): Promise<void>;
}

export async function serveComments(number: number): Promise<Comments> {
  const tokens = new Map<string, Values>();
  const texts: string[] = [];
  const all = `/repos/${repository}/issues/${number}/comments`;
  const one = `/repos/${repository}/issues/comments/1`;
  const server = createServer((request, response) => {
    const answer = (status: number, body: unknown): void => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(body));
    };
    const may = tokens.get(request.headers.authorization?.replace(/^Bearer /, "") ?? "");
    if (may === undefined) {
      answer(401, { message: "Bad credentials" });
      return;
    }
    const path = request.url?.replace(/\?.*$/, "");
    if (request.method === "GET" && path === all) {
      answer(200, texts.length === 0 ? [] : [{ id: 1, body: texts.at(-1) }]);
      return;
    }
    const writes = request.method === (texts.length === 0 ? "POST" : "PATCH");
    if (!writes || path !== (texts.length === 0 ? all : one)) {
      answer(404, { message: "Not Found" });
      return;
    }
    if (may["pull-requests"] !== "write") {
      answer(403, { message: "Resource not accessible by integration" });
      return;
    }
    void text(request).then((body) => {
      texts.push((JSON.parse(body) as { body: string }).body);
      answer(texts.length === 1 ? 201 : 200, { id: 1 });
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const api = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    access: (permissions) => {
      const token = `ghs_${randomUUID().replaceAll("-", "")}`;
      tokens.set(token, permissions);
      return { api, token };
    },
    texts,
    get tokens() {
      return [...tokens.keys()];
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
