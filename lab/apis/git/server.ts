import { execFile } from "node:child_process";
import { timingSafeEqual } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  anyMethod,
  guarded,
  text,
  WebError,
  type GuardedRoute,
  type WebRequest,
} from "../web/exchange.ts";
import { openWeb, type Web, type WebOptions } from "../web/server.ts";
import { httpBackend } from "./http-backend.ts";

/** A host of git with one repository, which is private. */
export interface GitOptions extends WebOptions {
  /** Path of the repository, such as `homelab.git`. */
  readonly repository: string;
  /** The token that reads and writes it; whoever uses it may call himself as he likes. */
  readonly token: string;
  /** Folder in which the repository is kept. */
  readonly stateDir: string;
}

/** Bytes of a push. */
const bodyLimit = 64 << 20;

/**
 * Git over HTTPS, by git's own program (https://git-scm.com/docs/git-http-backend): clone, fetch and push, for those who have
 * the token. The repository is empty at first; its branch is `main`.
 * @throws when the address cannot be listened at.
 */
export async function createGit(options: GitOptions): Promise<Web> {
  const folder = join(options.stateDir, options.repository);
  if (!existsSync(join(folder, "HEAD"))) {
    mkdirSync(folder, { recursive: true });
    const git = (...args: readonly string[]) => promisify(execFile)("git", args);
    await git("init", "-q", "--bare", "--initial-branch=main", folder);
    await git("-C", folder, "config", "http.receivepack", "true");
  }
  const route: GuardedRoute<string> = {
    ...{ method: anyMethod, url: `/${options.repository}/*` },
    handle: (request, user) => httpBackend(options.stateDir, user, request),
  };
  return openWeb(
    {
      name: "git",
      routes: guarded((request) => authenticate(request, options.token), [route]),
      notFound: ({ path }) => new WebError(404, `${path} is no repository`),
      answerError: ({ message }) => text(`${message}\n`),
      ...{ bodyLimit, strictSlashes: true },
    },
    options,
  );
}

/** The name that somebody with the token gives himself. */
function authenticate({ headers }: WebRequest, token: string): string {
  const [, encoded = ""] = /^Basic (.+)$/.exec(headers.authorization ?? "") ?? [];
  const [user = "", password = ""] = Buffer.from(encoded, "base64").toString("utf8").split(":");
  const [given, known] = [Buffer.from(password), Buffer.from(token)];
  if (given.length === known.length && timingSafeEqual(given, known)) return user;
  const challenge = { "www-authenticate": 'Basic realm="git"' };
  throw new WebError(401, "the repository is private, and this is not its token", challenge);
}
