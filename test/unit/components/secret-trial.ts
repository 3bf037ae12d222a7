import assert from "node:assert/strict";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { inspect } from "node:util";
import { RunError } from "@pulumi/pulumi";
import type { SecretSources } from "../../../components/security/secret-ref.ts";
import type { SecretUse } from "../../../components/security/secrets.ts";
import { createConnect, type Connect } from "../../../lab/apis/connect/server.ts";
import type { VaultSpec } from "../../../lab/apis/connect/vaults.ts";
import { noFaults, type Faults } from "../../../lab/world/faults.ts";
import { selfSigned } from "../../../lab/test/apis/certificate.ts";

export const token = "canary-connect-token";
/** In every secret here. */
export const canary = "canary-value";
export const key =
  "-----BEGIN OPENSSH PRIVATE KEY-----\ncanary-key\n-----END OPENSSH PRIVATE KEY-----\n\n";

/** Encrypted config with values `kept` and `void`, and `plain` in plain text. */
export const config: SecretSources["config"] = {
  get: (name) => ({ kept: `${canary}\n`, plain: canary, void: "" })[name],
  isSecret: (name) => name !== "plain",
};

/** The message of a refusal, after making sure that nothing of it, in any rendering, holds a secret. */
export async function refusal(reading: Promise<unknown>): Promise<string> {
  const error: unknown = await reading.then(
    () => assert.fail("nothing was refused"),
    (reason: unknown) => reason,
  );
  assert.ok(RunError.isInstance(error), inspect(error));
  assert.equal(error.cause, undefined);
  const rendered = inspect(error, { depth: 9, showHidden: true }) + (error.stack ?? "");
  assert.ok(!/canary|Bearer|axios/i.test(rendered), rendered);
  return error.message;
}

/** Uses of references at path0, path1, ... */
export const uses = (...refs: string[]): SecretUse[] =>
  refs.map((ref, i) => ({ path: `path${i}`, ref }));

const vaults: readonly VaultSpec[] = [
  {
    title: "Homelab",
    items: [
      {
        title: "Proxmox VE",
        fields: {
          ...{ token: canary, key, empty: "", "api/token": "of api", "old/code": "1" },
          "new/code": "2",
        },
      },
      { title: "A+B @c", fields: { "a field": "  padded\t" } },
      {
        title: "Café (Küche) [NAS] & Büro #1",
        fields: { ["Zugang: größer, 100 %".normalize("NFD")]: "of the café" },
      },
      { title: "Twice", fields: {} },
      { title: "Twice", fields: {} },
      {
        title: "homelab Credentials File",
        fields: { note: "of the field", "note.txt": "a field of a file's name" },
        files: {
          "1password-credentials.json": Buffer.from(`{"canary": "größer"}\n`),
          "note.txt": Buffer.from("not this"),
          "void.txt": Buffer.alloc(0),
          "logo.png": Buffer.from([0x89, 0x50, 0x4e, 0x47, 0xff]),
        },
      },
    ],
  },
  { title: "Doubled", items: [] },
  { title: "Doubled", items: [] },
];

/** A Connect server with faults at will, trusted by this process while it runs. */
export class ConnectTrial {
  faults: Faults = noFaults;
  /** Paths asked for. */
  calls: string[] = [];
  readonly #trusted = getCACertificates("default");
  readonly #tls = selfSigned();
  #server: Connect | undefined;

  get port(): number {
    return this.#server?.port ?? 0;
  }

  /** What reads from it, for as long as a busy machine may take. */
  get sources(): SecretSources {
    return { connect: `https://127.0.0.1:${this.port}`, token, config, patience: 10_000 };
  }

  async start(port = 0): Promise<void> {
    setDefaultCACertificates([...this.#trusted, this.#tls.cert]);
    this.#server = await createConnect({
      ...{ address: "127.0.0.1", port, tls: this.#tls, token, vaults: () => vaults },
      faults: {
        consult: (service, request) => {
          this.calls.push(request.path);
          return this.faults.consult(service, request);
        },
      },
    });
  }

  /** Ends the server with all its connections, and starts it at the same address. */
  async restart(): Promise<void> {
    const { port } = this;
    await this.#server?.close();
    await this.start(port);
  }

  reset(): void {
    this.faults = noFaults;
    this.calls = [];
  }

  async stop(): Promise<void> {
    await this.#server?.close();
    setDefaultCACertificates(this.#trusted);
  }
}

/** Faults that answer everything with one status. */
export function answers(status: number): Faults {
  return { consult: () => Promise.resolve({ status, body: "canary" }) };
}
