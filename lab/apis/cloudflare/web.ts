import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { noFaults, type Faults } from "../../world/faults.ts";
import type { RequestLog } from "../request-log.ts";
import {
  ApiError,
  badIdentifier,
  noRoute,
  unauthorized,
  authenticationError,
} from "./api-error.ts";
import { isObject, withoutNulls, type JsonObject } from "./json.ts";
import type { RateLimit } from "./rate-limit.ts";
import type { Answer, Route } from "./route.ts";
import { authorize, type Tokens } from "./tokens.ts";

export interface WebOptions {
  /** PEM. */
  readonly tls: { readonly cert: string; readonly key: string };
  readonly routes: readonly Route[];
  readonly tokens: Tokens;
  readonly rateLimit: RateLimit;
  readonly accountId: string;
  readonly zoneId: string;
  readonly faults?: Faults;
  readonly log: RequestLog;
}

const base = "/client/v4/";

/** Requests that are carried out and not answered. */
type Lost = WeakSet<FastifyRequest>;

/** Cloudflare's API over HTTPS: JSON in the envelope `success`, `errors`, `messages`, `result`. */
export function cloudflareWeb(options: WebOptions): FastifyInstance {
  const lost: Lost = new WeakSet();
  const app = Fastify({
    https: { ...options.tls, minVersion: "TLSv1.2" },
    forceCloseConnections: true,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 500 },
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "string" }, (_request, body, done) => {
    done(null, body);
  });
  app.addHook("onRequest", (request, reply) => consultFaults(options, lost, request, reply));
  const note = (request: FastifyRequest, outcome: string): void => {
    options.log(`${request.hostname} ${request.method} ${pathOf(request)} ${outcome}`);
  };
  app.addHook("onSend", async (request, reply, payload) => {
    if (!lost.has(request)) return payload;
    note(request, `${reply.statusCode} lost`);
    request.raw.socket.destroy();
    return payload;
  });
  app.addHook("onResponse", async (request, reply) => {
    if (lost.has(request)) return;
    note(request, `${reply.statusCode} ${Math.round(reply.elapsedTime)} ms`);
  });
  app.setErrorHandler((error, _request, reply) => answerError(reply, error));
  app.setNotFoundHandler((_request, reply) => answerError(reply, noRoute()));
  for (const route of options.routes)
    app.route({
      method: route.method,
      url: `${base}${route.path}`,
      exposeHeadRoute: false,
      handler: (request, reply) => reply.send(envelope(serve(options, route, request))),
    });
  return app;
}

function serve(options: WebOptions, route: Route, request: FastifyRequest): Answer {
  const path = pathOf(request);
  const token = options.tokens.authenticate(
    request.headers.authorization,
    path.slice(base.length).replace(/\/$/, ""),
  );
  options.rateLimit.take(token.id);
  const parts = request.params as Record<string, string>;
  checkPlace(options, parts, path);
  authorize(token, route);
  const query = new URLSearchParams(request.url.split("?")[1] ?? "");
  const sent = bodyOf(request);
  return route.handle({ parts, query, body: withoutNulls(sent), sent, token });
}

/** The token belongs to one account with one zone; what lies elsewhere is not its to see. */
function checkPlace(
  { accountId, zoneId }: WebOptions,
  { account, zone }: Record<string, string>,
  path: string,
): void {
  for (const id of [account, zone])
    if (id !== undefined && !/^[0-9a-f]{32}$/.test(id)) throw badIdentifier(path);
  if (account !== undefined && account !== accountId) throw authenticationError();
  if (zone !== undefined && zone !== zoneId) throw unauthorized();
}

function bodyOf(request: FastifyRequest): JsonObject {
  if (typeof request.body !== "string" || request.body === "") return {};
  const body = parsed(request.body);
  if (isObject(body)) return body;
  throw malformed();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own text quotes the body, which may hold a secret.
    throw malformed();
  }
}

function malformed(): ApiError {
  return new ApiError(400, 6007, "Malformed JSON in request body: it must be a JSON object");
}

function envelope({ messages = [], ...answer }: Answer): JsonObject {
  return { ...answer, success: true, errors: [], messages };
}

function answerError(reply: FastifyReply, error: unknown): FastifyReply {
  const { status, code, headers } =
    error instanceof ApiError ? error : { status: statusOf(error), code: 10013, headers: {} };
  const message = error instanceof Error ? error.message : String(error);
  return reply
    .code(status)
    .headers(headers)
    .send({ success: false, errors: [{ code, message }], messages: [], result: null });
}

function statusOf(error: unknown): number {
  const status = (error as { statusCode?: unknown }).statusCode;
  return typeof status === "number" ? status : 500;
}

async function consultFaults(
  { faults = noFaults }: WebOptions,
  lost: Lost,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply | undefined> {
  const fault = await faults.consult("cloudflare", {
    method: request.method,
    path: pathOf(request),
    host: request.hostname,
  });
  if (fault === undefined) return undefined;
  if (fault === "lose") {
    lost.add(request);
    return undefined;
  }
  if (fault === "cut") {
    reply.hijack();
    request.raw.socket.destroy();
    return reply;
  }
  const { status, body, retryAfterSeconds } = fault;
  const headers: Record<string, string> =
    retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) };
  return answerError(reply, new ApiError(status, status === 429 ? 971 : 10013, body, headers));
}

/** Without the query. */
function pathOf(request: FastifyRequest): string {
  return request.url.split("?")[0] ?? "";
}
