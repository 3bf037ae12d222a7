/** The real Dex of the lab's programs, on this machine. */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parse, stringify } from "yaml";
import { selfSigned } from "../../../lab/test/apis/certificate.ts";
import type { Tools } from "../../../toolchain/tools.ts";

/** An answer of it. */
interface Answer {
  readonly status: number;
  readonly location: string;
  readonly body: string;
}

/** Who signs on, and to which client. */
export interface Login {
  readonly email: string;
  readonly password: string;
  readonly client: string;
  readonly redirect: string;
}

/** What a client in the cluster gets for the code of a login, or why it gets none. */
export type Tokens = Readonly<Record<"id_token" | "access_token" | "error", string | undefined>> &
  Readonly<Record<string, unknown>>;

export class DexProcess {
  readonly #folder = mkdtempSync(join(tmpdir(), "homelab-dex-"));
  readonly #tls = selfSigned();
  readonly authority = this.#tls.cert;
  #port = 0;
  #running: ChildProcess | undefined;
  #said = "";

  /** Host and port: in place of the name that people know. */
  get hostname(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** Takes a port; nobody answers there yet. */
  async reserve(): Promise<void> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    this.#port = (server.address() as AddressInfo).port;
    await once(server.close(), "close");
  }

  /**
   * Starts it with a config whose places alone are others: this machine's ports and files, and a login at the API server of
   * which there is no pod. Resolves once it answers.
   */
  async start(config: string, api: { kubeconfig: string; certificate: string }): Promise<void> {
    const { podPrograms } = JSON.parse(process.env["HOMELAB_TEST_TOOLS"] ?? "{}") as Tools;
    const given = parse(config) as { storage: { config: object }; web: object };
    const placed = {
      ...given,
      storage: {
        ...given.storage,
        config: { ...given.storage.config, inCluster: false, kubeConfigFile: api.kubeconfig },
      },
      web: {
        ...given.web,
        https: this.hostname,
        tlsCert: this.#file("tls.crt", this.#tls.cert),
        tlsKey: this.#file("tls.key", this.#tls.key),
      },
      telemetry: { http: "127.0.0.1:0" },
    };
    const file = this.#file("config.yaml", stringify(placed));
    const child = spawn(join(podPrograms, "dex"), ["serve", file], {
      env: { SSL_CERT_FILE: api.certificate },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#said = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => (this.#said += chunk.toString()));
    this.#running = child;
    const end = Date.now() + 120_000;
    while (!(await this.ask("/healthz").catch(() => undefined))) {
      assert.ok(child.exitCode === null && Date.now() < end, this.#said.slice(-4000));
      await delay(100);
    }
  }

  async stop(): Promise<void> {
    if (this.#running?.exitCode === null) {
      const closed = once(this.#running, "close");
      this.#running.kill("SIGKILL");
      await closed;
    }
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }

  /** One request; a form makes a POST. */
  ask(path: string, form?: Readonly<Record<string, string>>, headers = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const url = new URL(path, `https://${this.hostname}`);
      const options = { ca: this.authority, method: form === undefined ? "GET" : "POST" };
      const type = { "content-type": "application/x-www-form-urlencoded", ...headers };
      const asked = request(url, { ...options, headers: form ? type : headers }, (answer) => {
        let body = "";
        answer.on("data", (chunk: Buffer) => (body += chunk.toString()));
        answer.on("end", () => {
          const { statusCode: status = 0, headers: said } = answer;
          resolve({ status, location: said.location ?? "", body });
        });
      });
      asked.on("error", reject);
      asked.end(form === undefined ? undefined : new URLSearchParams(form).toString());
    });
  }

  /** Signs on as a browser does: to the client's address, through the form, and back with a code. */
  async login({
    email,
    password,
    client,
    redirect,
  }: Login): Promise<Answer & { verifier: string }> {
    const verifier = randomBytes(32).toString("base64url");
    const query = new URLSearchParams({
      ...{ client_id: client, redirect_uri: redirect, response_type: "code", state: "s" },
      scope: "openid email profile groups offline_access",
      code_challenge: createHash("sha256").update(verifier).digest("base64url"),
      code_challenge_method: "S256",
    });
    let answer = await this.ask(`/auth?${query.toString()}`);
    while (answer.status === 302 && !answer.location.includes("/login?"))
      answer = await this.ask(answer.location);
    if (answer.status >= 400) return { ...answer, verifier };
    return { ...(await this.ask(answer.location, { login: email, password })), verifier };
  }

  /** The same, and what the client gets for the code. */
  async tokens(login: Login, secret: string): Promise<Tokens> {
    const { location, verifier, status } = await this.login(login);
    const code = location === "" ? null : new URL(location).searchParams.get("code");
    assert.ok(code, `${login.email} got no code but ${status} ${location}`);
    const answer = await this.ask("/token", {
      ...{ grant_type: "authorization_code", code, redirect_uri: login.redirect },
      ...{ client_id: login.client, code_verifier: verifier },
      ...(secret === "" ? {} : { client_secret: secret }),
    });
    return JSON.parse(answer.body) as Tokens;
  }

  #file(name: string, content: string): string {
    const path = join(this.#folder, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  }
}

/** What a token says. */
export function claimsOf(token: string | undefined): Readonly<Record<string, unknown>> {
  const [, body = ""] = (token ?? "").split(".");
  return JSON.parse(Buffer.from(body, "base64url").toString()) as Record<string, unknown>;
}
