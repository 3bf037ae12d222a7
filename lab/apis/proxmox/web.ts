import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { noFaults, type Faults } from "../../world/faults.ts";
import type { RequestLog } from "../request-log.ts";
import { authenticate } from "./access.ts";
import { ApiError, reasonOf } from "./api-error.ts";
import { Parameters } from "./parameters.ts";
import type { Call, Route } from "./route.ts";

/** Largest body of a call: an uploaded image. */
const bodyLimit = 2 * 1024 ** 3;

/** What one node's web server needs. */
export interface WebOptions {
  /** Node that the requests arrive at. */
  readonly node: string;
  readonly routes: readonly Route[];
  readonly apiToken: string;
  /** PEM. */
  readonly tls: { readonly cert: string; readonly key: string };
  readonly faults?: Faults;
  readonly log: RequestLog;
}

/** The API of one node: HTTP/1.1 over TLS 1.3 and nothing older, JSON answers below `/api2/json`. */
export function proxmoxWeb(options: WebOptions): FastifyInstance {
  const { cert, key } = options.tls;
  const app = Fastify({
    https: { cert, key, minVersion: "TLSv1.3" },
    bodyLimit,
    forceCloseConnections: true,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 500 },
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => {
    done(null, body);
  });
  app.addHook("onRequest", async (request, reply) => consultFaults(options, request, reply));
  app.addHook("onResponse", async (request, reply) => {
    const took = `${Math.round(reply.elapsedTime)} ms`;
    options.log(`${options.node} ${request.method} ${request.url} ${reply.statusCode} ${took}`);
  });
  app.setErrorHandler((error, _request, reply) => answerError(reply, error));
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split("?")[0]?.replace("/api2/json", "") ?? "";
    return answerError(
      reply,
      new ApiError(501, `Method '${request.method} ${path}' not implemented`),
    );
  });
  for (const route of options.routes)
    app.route({
      method: route.method,
      url: `/api2/json/${route.path}`,
      handler: (request, reply) => serve(options, route, request, reply),
    });
  return app;
}

async function serve(
  options: WebOptions,
  route: Route,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const user = authenticate(request.headers.authorization, options.apiToken);
  const { parameters, upload } = await readParameters(request);
  parameters.check(route.parameters);
  const call: Call = { path: request.params as Record<string, string>, parameters, user, upload };
  const data: unknown = await route.handle(call);
  return reply
    .type("application/json;charset=UTF-8")
    .send(JSON.stringify({ data: data === undefined ? null : data }));
}

async function readParameters(
  request: FastifyRequest,
): Promise<Pick<Call, "parameters" | "upload">> {
  const query = new URLSearchParams(request.url.split("?")[1] ?? "");
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const type = request.headers["content-type"] ?? "";
  if (body.length === 0) return { parameters: new Parameters([query]) };
  if (type.startsWith("multipart/form-data")) return readUpload(query, body, type);
  if (type.startsWith("application/x-www-form-urlencoded"))
    return { parameters: new Parameters([query, new URLSearchParams(body.toString("utf8"))]) };
  throw new ApiError(415, `the lab reads forms only, not '${type}'`);
}

async function readUpload(
  query: URLSearchParams,
  body: Buffer,
  type: string,
): Promise<Pick<Call, "parameters" | "upload">> {
  const form = await new Response(new Uint8Array(body), {
    headers: { "content-type": type },
  }).formData();
  const fields = new URLSearchParams();
  let upload: Call["upload"];
  for (const [name, value] of form)
    if (typeof value === "string") fields.append(name, value);
    else upload = { name: value.name, body: Buffer.from(await value.arrayBuffer()) };
  return { parameters: new Parameters([query, fields]), upload };
}

/** Proxmox puts the error's text into the status line; its clients look for it there. */
function answerError(reply: FastifyReply, error: unknown): FastifyReply {
  const known = error instanceof ApiError;
  const status = known ? error.status : statusOf(error);
  const message = reasonOf(error);
  const body = known && error.errors !== undefined ? { errors: error.errors } : {};
  reply.raw.statusMessage = message.replaceAll(/[^\x20-\x7e]+/g, " ");
  return reply
    .code(status)
    .type("application/json;charset=UTF-8")
    .send(JSON.stringify({ data: null, message: `${message}\n`, ...body }));
}

function statusOf(error: unknown): number {
  const status = (error as { statusCode?: unknown }).statusCode;
  return typeof status === "number" ? status : 500;
}

async function consultFaults(
  { faults = noFaults, node }: WebOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply | undefined> {
  const path = request.url.split("?")[0] ?? "";
  const fault = await faults.consult("proxmox", { method: request.method, path, host: node });
  if (fault === undefined) return undefined;
  if (typeof fault === "object") return answerError(reply, new ApiError(fault.status, fault.body));
  reply.hijack();
  request.raw.socket.destroy();
  return reply;
}
