/** A Kubernetes API alone, of the lab's programs, for what must be seen of the real one: no nodes, no controllers. */
import assert from "node:assert/strict";
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { stringify } from "yaml";
import type { Tools } from "../../../toolchain/tools.ts";

/** How a program ended. */
export interface Ended {
  readonly code: number;
  readonly output: string;
}

type ApiServerFlags = Readonly<Record<string, string>>;

export class ApiServer {
  /** The administrator's login. */
  readonly kubeconfig: string;
  readonly #folder = mkdtempSync(join(tmpdir(), "homelab-api-"));
  readonly #running: ChildProcess[] = [];
  readonly #said: string[] = [];
  readonly #flags: (file: (name: string, content: string) => string) => ApiServerFlags;

  /** @param flags of the API server beside its own, with files that they name; `file` returns a path */
  constructor(
    flags: (file: (name: string, content: string) => string) => ApiServerFlags = () => ({}),
  ) {
    this.#flags = flags;
    this.kubeconfig = join(this.#folder, "admin.yaml");
  }

  /** File with its certificate, which is of its own making. */
  get certificate(): string {
    return join(this.#folder, "tls", "apiserver.crt");
  }

  /** Resolves once it is ready. */
  async start(): Promise<void> {
    const given = process.env["HOMELAB_TEST_TOOLS"];
    assert.ok(given, "run the tests by `npm test`: it makes the tools ready");
    const { kubernetesBin } = JSON.parse(given) as Tools;
    const [clients, peers, port] = await freePorts(3);
    const [data, certificates] = [join(this.#folder, "etcd"), join(this.#folder, "tls")];
    this.#run(join(kubernetesBin, "etcd"), {
      ...{ "data-dir": data, "unsafe-no-fsync": "true", "log-level": "error" },
      "listen-client-urls": `http://127.0.0.1:${clients}`,
      "advertise-client-urls": `http://127.0.0.1:${clients}`,
      "listen-peer-urls": `http://127.0.0.1:${peers}`,
    });
    const { privateKey } = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
    });
    const token = randomUUID();
    const key = this.#file("accounts.key", privateKey);
    this.#run(join(kubernetesBin, "kube-apiserver"), {
      ...{ "bind-address": "127.0.0.1", "secure-port": String(port), "cert-dir": certificates },
      "etcd-servers": `http://127.0.0.1:${clients}`,
      "token-auth-file": this.#file("tokens.csv", `${token},admin,admin,system:masters\n`),
      "service-account-issuer": "https://kubernetes.default.svc",
      ...{ "service-account-key-file": key, "service-account-signing-key-file": key },
      "service-cluster-ip-range": "10.43.0.0/16",
      ...this.#flags((name, content) => this.#file(name, content)),
    });
    this.#file("admin.yaml", kubeconfig(`https://127.0.0.1:${port}`, token));
    await this.until("kubectl", ["get", "--raw", "/readyz"]);
  }

  async stop(): Promise<void> {
    for (const child of this.#running.reverse()) {
      const closed = once(child, "close");
      if (child.kill("SIGKILL")) await closed;
    }
    rmSync(this.#folder, { recursive: true });
  }

  /** kubectl or helm as the administrator. */
  run(program: "kubectl" | "helm", args: readonly string[], input = ""): Promise<Ended> {
    return new Promise((resolve) => {
      const env = { ...process.env, KUBECONFIG: this.kubeconfig };
      const child = execFile(program, args, { env, encoding: "utf8" }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? -1), output: stdout + stderr });
      });
      // One that asks for nothing may have ended before it is written to; how it ended is what counts.
      child.stdin?.on("error", () => undefined).end(input);
    });
  }

  /** The same until it succeeds, for the API serves a changed kind a moment after it took it. Throws what was said last. */
  async until(program: "kubectl" | "helm", args: readonly string[], input = ""): Promise<void> {
    const end = Date.now() + 180_000;
    for (;;) {
      const { code, output } = await this.run(program, args, input);
      if (code === 0) return;
      const died = this.#running.some((child) => child.exitCode !== null);
      assert.ok(!died && Date.now() < end, `${output}\n${this.#said.join("").slice(-4000)}`);
      await delay(200);
    }
  }

  #file(name: string, content: string): string {
    const path = join(this.#folder, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  }

  #run(program: string, flags: Readonly<Record<string, string>>): void {
    const args = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
    const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
    child.stderr.on("data", (chunk: Buffer) => this.#said.push(chunk.toString()));
    this.#running.push(child);
  }
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}

/** Its certificate is of its own making. */
const kubeconfig = (server: string, token: string): string =>
  stringify({
    ...{ apiVersion: "v1", kind: "Config", "current-context": "admin" },
    clusters: [{ name: "alone", cluster: { server, "insecure-skip-tls-verify": true } }],
    users: [{ name: "admin", user: { token } }],
    contexts: [{ name: "admin", context: { cluster: "alone", user: "admin" } }],
  });
