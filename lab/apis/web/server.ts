import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import Fastify, { type FastifyReply, type FastifyRequest } from "fastify";
import { noFaults, type FaultEffectNow, type Faults } from "../../world/faults.ts";
import {
  WebError,
  type Answer,
  type OwnAnswer,
  type WebRequest,
  type WebRoute,
} from "./exchange.ts";
import { openRequestLog } from "./request-log.ts";

/** What a service is on the wire. */
export interface WebService {
  /** What faults call it. */
  readonly name: string;
  readonly routes: readonly WebRoute[];
  /** The error for a path that no route has. */
  notFound(request: WebRequest): WebError;
  /** How the service words an error: its own, a fault's, or the web server's about a malformed request. */
  answerError(error: WebError): Answer;
  /**
   * What faults and the log take a request for, from its path without the query and its header `Host` without the
   * port. Default: these two as they are.
   */
  address?(path: string, host: string): { readonly host: string; readonly path: string };
  /** Default 1.2. */
  readonly minVersion?: "TLSv1.3";
  /** Bytes. Default: 1 MiB. */
  readonly bodyLimit?: number;
  /** Routes read bodies from `raw`, as they come. */
  readonly streamsBodies?: boolean;
  /** A slash at the end makes another path. */
  readonly strictSlashes?: boolean;
  /** Takes over the streams that clients ask for by `Upgrade`, which routes, faults and the log see nothing of. */
  readonly upgrade?: (request: IncomingMessage, socket: Duplex) => void;
}

/** Where a service is served. */
export interface WebOptions {
  readonly address: string;
  /** Default 443; 0 takes any free port. */
  readonly port?: number;
  /** Certificate for every name of the service, and its key, PEM. */
  readonly tls: { readonly cert: string; readonly key: string };
  readonly faults?: Faults;
  /** Gets a line a request. */
  readonly logFile?: string;
}

/** A running server. */
export interface Web {
  readonly address: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Bytes of a path's part. */
const maxParamLength = 500;

/**
 * Serves a service over HTTPS (HTTP/1.1), under the faults that are in force for it; queries and bodies stay out of the
 * log.
 * @throws when the address cannot be listened at.
 */
export async function openWeb(service: WebService, options: WebOptions): Promise<Web> {
  const { cert, key } = options.tls;
  const app = Fastify({
    https: { cert, key, minVersion: service.minVersion ?? "TLSv1.2" },
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    ...(service.bodyLimit !== undefined && { bodyLimit: service.bodyLimit }),
    routerOptions: { ignoreTrailingSlash: service.strictSlashes !== true, maxParamLength },
  });
  app.removeAllContentTypeParsers();
  if (service.streamsBodies === true)
    app.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
  else
    app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => {
      done(null, body);
    });
  const exchange = new Exchange(service, options);
  app.addHook("onRequest", (request, reply) => exchange.meetFaults(request, reply));
  app.setErrorHandler((error, request, reply) => exchange.fail(request, reply, error));
  app.setNotFoundHandler((request, reply) => {
    return exchange.fail(request, reply, service.notFound(exchange.read(request)));
  });
  for (const route of service.routes)
    app.route({
      ...{ method: [route.method].flat(), url: route.url },
      handler: (request, reply) => exchange.serve(route, request, reply),
    });
  const upgraded = new Set<Duplex>();
  const { upgrade } = service;
  if (upgrade !== undefined)
    app.server.on("upgrade", (request: IncomingMessage, socket: Duplex) => {
      upgraded.add(socket);
      socket.once("close", () => upgraded.delete(socket));
      upgrade(request, socket);
    });
  await app.listen({ host: options.address, port: options.port ?? 443 });
  const { address, port } = app.server.address() as AddressInfo;
  return {
    ...{ address, port },
    async close() {
      for (const socket of upgraded) socket.destroy();
      await app.close();
    },
  };
}

/** From request to answer. */
class Exchange {
  readonly #service: WebService;
  readonly #faults: Faults;
  readonly #log: (line: string) => void;
  /** Requests that are carried out and not answered. */
  readonly #lost = new WeakSet<FastifyRequest>();

  constructor(service: WebService, { faults = noFaults, logFile }: WebOptions) {
    this.#service = service;
    this.#faults = faults;
    this.#log = openRequestLog(logFile);
  }

  read(request: FastifyRequest): WebRequest {
    return {
      method: request.method,
      ...this.#address(request),
      path: pathOf(request),
      parts: request.params as Record<string, string>,
      query: new URLSearchParams(request.url.split("?")[1] ?? ""),
      headers: request.headers,
      body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
      raw: request.raw,
    };
  }

  /** Answers in place of the service, or lets the request through. */
  async meetFaults(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | void> {
    const { method } = request;
    const fault = await this.#faults.consult(this.#service.name, {
      method,
      ...this.#address(request),
    });
    if (fault === undefined) return;
    if (fault === "lose") this.#lost.add(request);
    else return this.#misbehave(fault, request, reply);
  }

  async serve(
    route: WebRoute,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    const asked = this.read(request);
    if (route.hosts?.includes(asked.host) === false) throw this.#service.notFound(asked);
    return this.#send(request, reply, await route.handle(asked));
  }

  fail(request: FastifyRequest, reply: FastifyReply, thrown: unknown): Promise<FastifyReply> {
    const error = webError(thrown);
    const answer = this.#service.answerError(error);
    const headers = { ...answer.headers, ...error.headers };
    return this.#send(request, reply, { status: error.status, ...answer, headers });
  }

  #address(request: FastifyRequest): { host: string; path: string } {
    const { hostname: host } = request;
    const path = pathOf(request);
    return this.#service.address?.(path, host) ?? { host, path };
  }

  #misbehave(
    fault: Exclude<FaultEffectNow, "lose">,
    request: FastifyRequest,
    reply: FastifyReply,
  ): FastifyReply | Promise<FastifyReply> {
    if (typeof fault === "object") {
      const { status, body, retryAfterSeconds: seconds } = fault;
      const headers = seconds === undefined ? undefined : { "retry-after": String(seconds) };
      return this.fail(request, reply, new WebError(status, body, headers));
    }
    this.#note(request, reply, fault);
    return fault === "cut" ? hangUp(request, reply) : reply.hijack();
  }

  async #send(
    request: FastifyRequest,
    reply: FastifyReply,
    answer: Answer | OwnAnswer,
  ): Promise<FastifyReply> {
    const lost = this.#lost.has(request);
    const note = (status?: number): void => {
      const said = [status, answer.note, lost ? "lost" : undefined];
      this.#note(request, reply, said.filter((word) => word !== undefined).join(" "));
    };
    if ("write" in answer) {
      reply.hijack();
      await answer.write(reply.raw, lost);
      note(reply.raw.headersSent ? reply.raw.statusCode : undefined);
      return reply;
    }
    const { status = 200, reason, headers = {}, body } = answer;
    note(status);
    if (lost) return hangUp(request, reply);
    if (reason !== undefined) reply.raw.statusMessage = reason;
    reply.code(status).headers(headers);
    if (typeof body !== "function") return reply.send(body);
    return request.method === "HEAD" ? reply.send() : reply.send(body());
  }

  #note(request: FastifyRequest, reply: FastifyReply, outcome: string): void {
    const { host, path } = this.#address(request);
    const took = Math.round(reply.elapsedTime);
    this.#log(`${host} ${request.method} ${path} ${outcome} ${took} ms`);
  }
}

function hangUp(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.hijack();
  request.raw.socket.destroy();
  return reply;
}

/** What was thrown, with a status: the web server's own errors bring one. */
function webError(thrown: unknown): WebError {
  if (thrown instanceof WebError) return thrown;
  const { statusCode } = thrown as { statusCode?: unknown };
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new WebError(typeof statusCode === "number" ? statusCode : 500, message);
}

const pathOf = ({ url }: FastifyRequest): string => url.split("?")[0] ?? "";
