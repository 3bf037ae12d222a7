/** Cloudflare's edge: public names over HTTPS, Access in front of them, tunnels behind. */
import type { AddressInfo } from "node:net";
import Fastify, { type FastifyReply, type FastifyRequest } from "fastify";
import type { Faults } from "../../world/faults.ts";
import { openRequestLog, type RequestLog } from "../request-log.ts";
import { gate } from "./access-gate.ts";
import { AccessLogins, type Mail } from "./access-login.ts";
import { accessSite, type AccessSite, type PageAnswer } from "./access-site.ts";
import { openAccessTokens, type AccessTokens } from "./access-tokens.ts";
import { forward, hasBody, originHeaders } from "./edge-forward.ts";
import { errorPage, type EdgeError } from "./edge-page.ts";
import { readForm, readRequest, type EdgeRequest } from "./edge-request.ts";
import { routeOf, tunnelDown } from "./edge-route.ts";
import { TunnelListener } from "./tunnel-listener.ts";
import type { CloudflareWorld, TunnelConnections } from "./world.ts";

export interface EdgeOptions {
  readonly address: string;
  /** For visitors. Default 443; 0 takes any free port. */
  readonly port?: number;
  /** For cloudflared. Default 7844; 0 takes any free port. */
  readonly tunnelPort?: number;
  /** Certificate for the public names, the team's domain and `region1.v2.argotunnel.com`, and its key, PEM. */
  readonly tls: { readonly cert: string; readonly key: string };
  /** Keeps the team's signing key, so that sessions outlive a restart. */
  readonly stateDir: string;
  /** Consulted as `cloudflare.edge`: visitors by host and path, cloudflared with method `TUNNEL` and path `/ID`. */
  readonly faults: Faults;
  readonly logFile?: string;
  /** Throws until the API is up. */
  readonly world: () => CloudflareWorld;
  /** Name of the Access team: its domain is `NAME.cloudflareaccess.com`. */
  readonly team: string;
  /** Takes the mail with one-time PINs. */
  readonly mailbox: (mail: Mail) => void;
}

/** The running edge. */
export interface Edge {
  readonly port: number;
  readonly tunnelPort: number;
  readonly connections: TunnelConnections;
  close(): Promise<void>;
}

/** Methods that visitors may use. */
const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

interface Parts {
  readonly options: EdgeOptions;
  readonly tokens: AccessTokens;
  readonly site: AccessSite;
  readonly tunnels: TunnelListener;
  readonly log: RequestLog;
}

/**
 * Serves visitors and tunnels. HTTP/1.1 over TLS only; WebSockets are refused, as are origins without a tunnel.
 * @throws when an address cannot be listened at.
 */
export async function createEdge(options: EdgeOptions): Promise<Edge> {
  const { tls, world, faults, address, team } = options;
  const log = openRequestLog(options.logFile);
  const tokens = await openAccessTokens(options.stateDir, team);
  const site = accessSite(world, tokens, new AccessLogins(options.mailbox));
  const tunnels = new TunnelListener({ tls, world, faults, log });
  const parts: Parts = { options, tokens, site, tunnels, log };
  const app = Fastify({ https: { ...tls, minVersion: "TLSv1.2" }, forceCloseConnections: true });
  app.removeAllContentTypeParsers();
  // Content is passed on as it comes.
  app.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
  app.route({
    method: methods,
    url: "/*",
    handler: (request, reply) => visit(parts, request, reply),
  });
  const tunnelPort = await tunnels.listen(address, options.tunnelPort ?? 7844);
  try {
    await app.listen({ host: address, port: options.port ?? 443 });
  } catch (error) {
    await tunnels.close();
    throw error;
  }
  return {
    port: (app.server.address() as AddressInfo).port,
    tunnelPort,
    connections: tunnels,
    close: async () => {
      await tunnels.close();
      await app.close();
    },
  };
}

async function visit(
  parts: Parts,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const asked = readRequest(request);
  if (asked === undefined) return reply.code(400).type("text/plain").send("400 Bad Request\n");
  const { host, url } = asked;
  const fault = await parts.options.faults.consult("cloudflare.edge", {
    method: request.method,
    path: url.pathname,
    host,
  });
  const say = (status: number, why: string): void =>
    parts.log(`${host} ${request.method} ${url.pathname} ${status} ${why} ${asked.ray}`);
  if (fault === "cut") {
    say(0, "cut");
    return hangUp(request, reply);
  }
  if (typeof fault === "object") {
    say(fault.status, "fault");
    if (fault.retryAfterSeconds !== undefined) reply.header("retry-after", fault.retryAfterSeconds);
    return reply.code(fault.status).type("text/plain").send(`${fault.body}\n`);
  }
  const lose = fault === "lose";
  const answer = await answerTo(parts, asked, request, reply, lose);
  if (answer === undefined) {
    say(reply.raw.headersSent ? reply.raw.statusCode : 0, "tunnel");
    return reply;
  }
  say(answer.page.status, answer.why);
  if (lose) return hangUp(request, reply);
  const { status, headers, body } = answer.page;
  return reply
    .code(status)
    .headers({ ...headers, server: "cloudflare", "cf-ray": asked.ray })
    .send(body);
}

function hangUp(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.hijack();
  request.raw.socket.destroy();
  return reply;
}

type Answer = { readonly page: PageAnswer; readonly why: string } | undefined;

/** The edge's own answer, or undefined after a tunnel has answered. */
async function answerTo(
  parts: Parts,
  asked: EdgeRequest,
  request: FastifyRequest,
  reply: FastifyReply,
  lose: boolean,
): Promise<Answer> {
  const { options, site, tokens } = parts;
  const { host, url, ip, target } = asked;
  const fail = (error: EdgeError): Answer => ({
    page: errorAnswer(error, asked),
    why: error.title,
  });
  const world = options.world();
  const asPage = async () => ({ method: request.method, url, form: await readForm(request), ip });
  if (host === `${options.team}.cloudflareaccess.com`)
    return { page: site.team(await asPage()), why: "access" };
  const route = routeOf(world, host);
  if ("error" in route) return fail(route.error);
  if (url.pathname.startsWith("/cdn-cgi/"))
    return { page: await site.host(await asPage()), why: "access" };
  const { headers } = request.raw;
  const passage = await gate(world, tokens, options.team, {
    ...{ host, path: url.pathname, target, ip, headers },
  });
  const { why } = passage;
  if ("forbidden" in passage) return { page: errorAnswer(forbidden, asked), why };
  if ("redirect" in passage) {
    const access = {
      "cf-access-aud": passage.application.aud,
      "cf-access-domain": passage.application.domain,
    };
    const toLogin = { location: passage.redirect, "cache-control": "no-store", ...access };
    return { page: { status: 302, headers: toLogin, body: "" }, why };
  }
  if (headers.upgrade !== undefined) return fail(noUpgrade);
  const facts = { host, ip, ray: asked.ray, identity: passage.pass };
  const out = originHeaders(request.method, target, headers, facts);
  const first = parts.tunnels.pick(route.tunnel);
  if (first === undefined) return fail(tunnelDown);
  reply.hijack();
  let failure = await forward(first, out, request.raw, reply.raw, lose);
  const repeatable = ["GET", "HEAD"].includes(request.method) && !hasBody(request.raw);
  if (failure === "lost" && repeatable) {
    const other = parts.tunnels.pick(route.tunnel, first);
    if (other !== undefined) failure = await forward(other, out, request.raw, reply.raw, lose);
  }
  if (failure !== undefined) finish(reply, errorAnswer(failures[failure], asked), asked);
  return undefined;
}

/** Answers after fastify has handed the response over. */
function finish(reply: FastifyReply, answer: PageAnswer, asked: EdgeRequest): void {
  reply.raw
    .writeHead(answer.status, { ...answer.headers, server: "cloudflare", "cf-ray": asked.ray })
    .end(answer.body);
}

function errorAnswer(error: EdgeError, { host, ray }: EdgeRequest): PageAnswer {
  const headers = { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" };
  return { status: error.status, headers, body: errorPage(error, host, ray) };
}

const forbidden: EdgeError = {
  status: 403,
  title: "Forbidden",
  explanation: "You don't have permission to view this. Ask the owner of the site for access.",
};

const noUpgrade: EdgeError = {
  status: 501,
  title: "Not implemented",
  explanation: "The lab's edge carries no WebSockets.",
};

const failures: Readonly<Record<"lost" | "late", EdgeError>> = {
  lost: {
    status: 502,
    title: "Bad gateway",
    explanation: "The connection to cloudflared broke before the origin answered.",
  },
  late: {
    status: 524,
    code: 524,
    title: "A timeout occurred",
    explanation: "The origin did not answer within 100 seconds.",
  },
};
