import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { noFaults, type Faults } from "../../world/faults.ts";
import {
  createCloudflare,
  type Cloudflare,
  type CloudflareOptions,
} from "../../apis/cloudflare/server.ts";
import type { CloudflareWorld } from "../../apis/cloudflare/world.ts";
import { selfSigned } from "./certificate.ts";
import { httpsRequest, type Answer } from "./https-request.ts";

export const accountId = "a".repeat(32);
export const zoneId = "b".repeat(32);
export const apiToken = "site-token-".padEnd(40, "0");
/** Has every right that the site's token lacks. */
export const ownerToken = "owner-token-".padEnd(40, "0");

export interface Envelope {
  readonly success: boolean;
  readonly errors: readonly { readonly code: number; readonly message: string }[];
  readonly messages: readonly unknown[];
  readonly result: never;
  readonly result_info?: Readonly<Record<string, number>>;
}

export interface Reply {
  readonly status: number;
  readonly headers: Answer["headers"];
  readonly envelope: Envelope;
  /** The first error's code; undefined for a success. */
  readonly code: number | undefined;
}

/** The API on loopback, with its state in a temporary folder. */
export class TestCloudflare {
  faults: Faults = noFaults;
  readonly connected = new Map<string, number>();
  readonly folder = mkdtempSync(join(tmpdir(), "cloudflare-"));
  readonly #tls = selfSigned();
  readonly #options: Partial<CloudflareOptions>;
  #running: Cloudflare | undefined;

  constructor(options: Partial<CloudflareOptions> = {}) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#running = await createCloudflare({
      ...{ address: "127.0.0.1", port: 0, tls: this.#tls, stateDir: this.folder },
      ...{ apiToken, accountId, zoneId, zone: "example.net" },
      furtherTokens: [
        {
          value: ownerToken,
          permissions: [
            "Access: Organizations, Identity Providers, and Groups:Edit",
            "Zone Settings:Edit",
            "API Tokens:Edit",
          ],
        },
      ],
      connections: { count: (id) => this.connected.get(id) ?? 0 },
      faults: { consult: (service, request) => this.faults.consult(service, request) },
      logFile: join(this.folder, "access.log"),
      ...this.#options,
    });
  }

  async stop(): Promise<void> {
    await this.#running?.close();
  }

  async end(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true });
  }

  get world(): CloudflareWorld {
    if (this.#running === undefined) throw new Error("not started");
    return this.#running.world;
  }

  /** One call below `/client/v4/`; `{a}` and `{z}` stand for the account and the zone. */
  async call(
    method: string,
    path: string,
    body?: unknown,
    authorization: string | undefined = `Bearer ${apiToken}`,
  ): Promise<Reply> {
    const full = path.replace("{a}", `accounts/${accountId}`).replace("{z}", `zones/${zoneId}`);
    const answer = await httpsRequest(
      {
        ...{ host: "127.0.0.1", port: this.#running?.port, rejectUnauthorized: false },
        ...{ method, path: `/client/v4/${full}` },
        headers: {
          host: "api.cloudflare.com",
          ...(authorization !== "" && { authorization }),
          ...(body !== undefined && { "content-type": "application/json" }),
        },
      },
      typeof body === "string" ? body : JSON.stringify(body),
    );
    const envelope = JSON.parse(answer.body.toString()) as Envelope;
    return {
      status: answer.status,
      headers: answer.headers,
      envelope,
      code: envelope.errors[0]?.code,
    };
  }

  /** The result of a call that must succeed. */
  async result<T>(method: string, path: string, body?: unknown, token = apiToken): Promise<T> {
    const { status, envelope } = await this.call(method, path, body, `Bearer ${token}`);
    if (status !== 200 || !envelope.success)
      throw new Error(`${method} ${path}: ${status} ${JSON.stringify(envelope.errors)}`);
    return envelope.result;
  }
}
