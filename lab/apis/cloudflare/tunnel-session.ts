/** One connection of a cloudflared: requests go out on it, and it is watched. */
import {
  connect,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type OutgoingHttpHeaders,
} from "node:http2";
import type { TLSSocket } from "node:tls";
import { z } from "zod";
import type { IngressRule } from "./ingress-rules.ts";
import { controlHeader, type Registration } from "./tunnel-protocol.ts";

/** Milliseconds between pings, and without an answer until the connection counts as lost. */
const pingEvery = 2000;
const silence = 5000;
const configPatience = 10_000;

const configAnswer = z.object({ lastAppliedVersion: z.number(), err: z.string().optional() });

export class TunnelSession {
  readonly registration: Registration;
  readonly #session: ClientHttp2Session;
  readonly #pings: NodeJS.Timeout;
  readonly #end: () => void;
  #answered = performance.now();
  #configuring: Promise<unknown> = Promise.resolve();

  /** Speaks HTTP/2 on a registered connection; `ended` is called once, when no request may be sent any more. */
  constructor(registration: Registration, socket: TLSSocket, ended: () => void) {
    this.registration = registration;
    this.#session = connect(`http://${registration.t}`, { createConnection: () => socket });
    this.#pings = setInterval(() => this.#ping(), pingEvery).unref();
    let open = true;
    this.#end = () => {
      if (!open) return;
      open = false;
      clearInterval(this.#pings);
      ended();
    };
    // The reason of a broken connection does not matter: cloudflared comes again.
    this.#session.on("error", this.#end).on("goaway", this.#end).on("close", this.#end);
  }

  /** Whether requests may be sent. */
  get usable(): boolean {
    return !this.#session.closed && !this.#session.destroyed;
  }

  request(headers: OutgoingHttpHeaders, endStream: boolean): ClientHttp2Stream {
    return this.#session.request(headers, { endStream });
  }

  /** Version of the configuration that was sent last. */
  configured = 0;

  /** Sends a configuration, after those before it; resolves to cloudflared's complaint if it keeps what it has. */
  configure(version: number, ingress: readonly IngressRule[]): Promise<string | undefined> {
    this.configured = version;
    const sent = this.#configuring.then(() => this.#send(version, ingress));
    this.#configuring = sent.catch(() => undefined);
    return sent;
  }

  async #send(version: number, ingress: readonly IngressRule[]): Promise<string | undefined> {
    const stream = this.request(
      { ":method": "POST", ":path": "/", [controlHeader]: "update-configuration" },
      false,
    );
    stream.setTimeout(configPatience, () => stream.destroy(new Error("no answer")));
    stream.end(JSON.stringify({ version, config: { ingress } }));
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    return configAnswer.parse(JSON.parse(Buffer.concat(chunks).toString("utf8"))).err;
  }

  destroy(): void {
    this.#session.destroy();
    this.#end();
  }

  #ping(): void {
    if (performance.now() - this.#answered > silence) {
      this.destroy();
      return;
    }
    if (!this.usable) return;
    this.#session.ping((error) => {
      if (error === null) this.#answered = performance.now();
    });
  }
}
