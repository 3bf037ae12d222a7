import { once } from "node:events";
import {
  performServerHandshake,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import { connect, type TLSSocket } from "node:tls";

/** What a request was when it arrived behind the tunnel. */
export interface Arrived {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A cloudflared of a test: registers, takes configurations and answers every request in one way. */
export class TunnelClient {
  readonly configurations: unknown[] = [];
  readonly arrived: Arrived[] = [];
  /** The edge's answer to the registration. */
  answer: { ok: boolean; error?: string; retry?: boolean } = { ok: false };
  answering: (stream: ServerHttp2Stream, arrived: Arrived) => void = (stream) => {
    stream.respond({ ":status": 200, "content-type": "text/plain", server: "origin" });
    stream.end("hello from behind");
  };
  readonly #name: string;
  #socket: TLSSocket | undefined;

  constructor(name = "one") {
    this.#name = name;
  }

  async connect(port: number, token: { a: string; t: string; s: string }): Promise<this> {
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false });
    this.#socket = socket;
    await once(socket, "secureConnect");
    socket.write(`${JSON.stringify({ ...token, connector: this.#name, version: "2025.11.1" })}\n`);
    this.answer = JSON.parse(await firstLine(socket)) as typeof this.answer;
    if (!this.answer.ok) return this;
    const session = performServerHandshake(socket);
    session.on("error", () => undefined);
    session.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
      const chunks: Buffer[] = [];
      stream.on("error", () => undefined);
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        this.#serve(stream, { headers, body: Buffer.concat(chunks).toString() });
      });
    });
    return this;
  }

  /** Resolves when the edge has ended the connection. */
  async ended(): Promise<void> {
    if (this.#socket?.destroyed === false) await once(this.#socket, "close");
  }

  drop(): void {
    this.#socket?.destroy();
  }

  #serve(stream: ServerHttp2Stream, arrived: Arrived): void {
    if (arrived.headers["cf-cloudflared-proxy-connection-upgrade"] !== undefined) {
      const update = JSON.parse(arrived.body) as { version: number };
      this.configurations.push(update);
      stream.respond({ ":status": 200 });
      stream.end(JSON.stringify({ lastAppliedVersion: update.version }));
      return;
    }
    this.arrived.push(arrived);
    this.answering(stream, arrived);
  }
}

async function firstLine(socket: TLSSocket): Promise<string> {
  let text = "";
  for (;;) {
    const chunk = socket.read(1) as Buffer | null;
    if (chunk === null) await once(socket, "readable");
    else if (chunk.toString() === "\n") return text;
    else text += chunk.toString();
  }
}
