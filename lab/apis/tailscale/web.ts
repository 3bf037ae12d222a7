import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { noFaults, type FaultAnswer, type Faults } from "../../world/faults.ts";
import type { RequestLog } from "../request-log.ts";
import { ApiError, pageNotFound } from "./api-error.ts";
import { authenticate } from "./oauth.ts";
import { Reply, type ApiRoute, type Call, type OpenRoute } from "./route.ts";
import { requireScope } from "./scopes.ts";
import type { Tailnet } from "./tailnet.ts";
import { unsupportedUrls } from "./unsupported.ts";

/** What the web server needs. */
export interface WebOptions {
  readonly tailnet: Tailnet;
  readonly api: readonly ApiRoute[];
  readonly open: readonly OpenRoute[];
  /** PEM. */
  readonly tls: { readonly cert: string; readonly key: string };
  readonly faults?: Faults;
  readonly log: RequestLog;
}

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/** All of Tailscale's host names on one listener, told apart by the header `Host`. */
export function tailscaleWeb(options: WebOptions): FastifyInstance {
  const { cert, key } = options.tls;
  const app = Fastify({
    https: { cert, key, minVersion: "TLSv1.2" },
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 500 },
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => {
    done(null, body);
  });
  app.addHook("onRequest", async (request, reply) => consultFaults(options, request, reply));
  app.addHook("onResponse", async (request, reply) => {
    options.log(`${request.hostname} ${request.method} ${pathOf(request)} ${reply.statusCode}`);
  });
  app.setErrorHandler((error, request, reply) =>
    losing.has(request) ? cut(request, reply) : answerError(reply, error),
  );
  app.setNotFoundHandler((_request, reply) => answerError(reply, pageNotFound()));
  for (const route of [...options.open, ...options.api.map((each) => guarded(options, each))])
    app.route({
      method: route.method,
      url: route.url,
      handler: (request, reply) => serve(options, route, request, reply),
    });
  for (const url of unsupportedUrls)
    app.route({
      method: methods,
      url: `/api/v2${url}`,
      handler(request) {
        throw new ApiError(501, `the lab does not support ${request.method} ${pathOf(request)}`);
      },
    });
  return app;
}

/** Checks token, scope and tailnet before the route's own work. */
function guarded({ tailnet }: WebOptions, route: ApiRoute): OpenRoute {
  return {
    method: route.method,
    url: `/api/v2${route.url}`,
    hosts: ["api.tailscale.com"],
    handle(call) {
      const actor = authenticate(tailnet, call.headers.authorization);
      if (![undefined, "-", tailnet.name].includes(call.path.tailnet))
        throw new ApiError(404, "tailnet not found");
      if (route.scope !== undefined) requireScope(actor, route.scope);
      return route.handle({ ...call, actor });
    },
  };
}

function serve(
  { tailnet }: WebOptions,
  route: OpenRoute,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  if (!route.hosts.includes(request.hostname)) throw pageNotFound();
  removeGone(tailnet);
  const call: Call = {
    path: request.params as Record<string, string>,
    query: new URLSearchParams(request.url.split("?")[1] ?? ""),
    headers: request.headers,
    body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
  };
  const result = route.handle(call);
  if (losing.has(request)) return cut(request, reply);
  const { body, type, headers } =
    result instanceof Reply ? result : new Reply(JSON.stringify(result), "application/json");
  return reply.headers(headers).type(type).send(body);
}

/** Removes ephemeral devices whose time is over; every request looks, so no timer has to. */
export function removeGone({ presence, store }: Tailnet): void {
  const gone = presence.gone(store.state);
  if (gone.length === 0) return;
  store.change(({ devices }) => {
    for (const { id } of gone) delete devices[id];
  });
}

/** Requests whose work is done, but whose answer never arrives. */
const losing = new WeakSet<FastifyRequest>();

async function consultFaults(
  { faults = noFaults }: WebOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply | undefined> {
  const { method, hostname: host } = request;
  const fault = await faults.consult("tailscale", { method, path: pathOf(request), host });
  if (fault === undefined) return undefined;
  if (fault === "cut") return cut(request, reply);
  if (fault !== "lose") return answerFault(reply, fault);
  losing.add(request);
  return undefined;
}

function answerFault(reply: FastifyReply, fault: FaultAnswer): FastifyReply {
  if (fault.retryAfterSeconds !== undefined)
    void reply.header("retry-after", String(fault.retryAfterSeconds));
  return answerError(reply, new ApiError(fault.status, fault.body));
}

function cut(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.hijack();
  request.raw.socket.destroy();
  return reply;
}

/** Errors in Tailscale's form, also those of the web server itself. */
function answerError(reply: FastifyReply, error: unknown): FastifyReply {
  if (error instanceof ApiError)
    return reply.code(error.status).type("application/json").send(JSON.stringify(error.body()));
  const status = (error as { statusCode?: unknown }).statusCode;
  const message = error instanceof Error ? error.message : String(error);
  return reply
    .code(typeof status === "number" ? status : 500)
    .type("application/json")
    .send(JSON.stringify({ message }));
}

const pathOf = (request: FastifyRequest): string => request.url.split("?")[0] ?? "";
