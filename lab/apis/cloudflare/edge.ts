/** Cloudflare's edge: public names over HTTPS, Access in front of them, tunnels behind. */
import {
  anyMethod,
  text,
  WebError,
  type Answer,
  type OwnAnswer,
  type WebRequest,
} from "../web/exchange.ts";
import { openRequestLog } from "../web/request-log.ts";
import { openWeb, type WebOptions, type WebService } from "../web/server.ts";
import { gate } from "./access-gate.ts";
import { AccessLogins, type Mail } from "./access-login.ts";
import { accessSite, type AccessSite, type PageAnswer } from "./access-site.ts";
import { openAccessTokens, type AccessTokens } from "./access-tokens.ts";
import { forward, hasBody, originHeaders } from "./edge-forward.ts";
import { errorPage, type EdgeError } from "./edge-page.ts";
import { readAddress, readForm, readRequest, type EdgeRequest } from "./edge-request.ts";
import { routeOf, tunnelDown } from "./edge-route.ts";
import { TunnelListener } from "./tunnel-listener.ts";
import type { CloudflareWorld, TunnelConnections } from "./world.ts";

export interface EdgeOptions extends WebOptions {
  /** For cloudflared. Default 7844; 0 takes any free port. */
  readonly tunnelPort?: number;
  /** Keeps the team's signing key, so that sessions outlive a restart. */
  readonly stateDir: string;
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

interface Parts {
  readonly options: EdgeOptions;
  readonly tokens: AccessTokens;
  readonly site: AccessSite;
  readonly tunnels: TunnelListener;
}

/**
 * Serves visitors and tunnels. HTTP/1.1 over TLS only; WebSockets are refused, as are origins without a tunnel. Faults
 * know it as `cloudflare.edge`: visitors by host and path, cloudflared with method `TUNNEL` and path `/ID`.
 * @throws when an address cannot be listened at.
 */
export async function createEdge(options: EdgeOptions): Promise<Edge> {
  const { tls, world, faults, address, team } = options;
  const log = openRequestLog(options.logFile);
  const tokens = await openAccessTokens(options.stateDir, team);
  const site = accessSite(world, tokens, new AccessLogins(options.mailbox));
  const tunnels = new TunnelListener({ tls, world, faults, log });
  const parts: Parts = { options, tokens, site, tunnels };
  const tunnelPort = await tunnels.listen(address, options.tunnelPort ?? 7844);
  try {
    const web = await openWeb(visitorWeb(parts), options);
    return {
      port: web.port,
      tunnelPort,
      connections: tunnels,
      close: async () => {
        await tunnels.close();
        await web.close();
      },
    };
  } catch (error) {
    await tunnels.close();
    throw error;
  }
}

function visitorWeb(parts: Parts): WebService {
  return {
    name: "cloudflare.edge",
    // Content is passed on as it comes.
    streamsBodies: true,
    address: (path, host) => {
      const read = readAddress(host, path);
      return read === undefined ? { host, path } : { host: read.host, path: read.url.pathname };
    },
    routes: [{ method: anyMethod, url: "/*", handle: (request) => visit(parts, request) }],
    notFound: () => new WebError(400, "400 Bad Request"),
    answerError: ({ message }) => text(`${message}\n`),
  };
}

async function visit(parts: Parts, request: WebRequest): Promise<Answer | OwnAnswer> {
  const asked = readRequest(request);
  if (asked === undefined) throw new WebError(400, "400 Bad Request");
  const answer = await answerTo(parts, asked, request);
  return "write" in answer ? answer : { ...answer, headers: signed(answer.headers, asked) };
}

const signed = (headers: PageAnswer["headers"], { ray }: EdgeRequest): PageAnswer["headers"] => ({
  ...headers,
  server: "cloudflare",
  "cf-ray": ray,
});

/** The edge's own page, or the tunnel's answer. */
async function answerTo(
  parts: Parts,
  asked: EdgeRequest,
  request: WebRequest,
): Promise<(PageAnswer & { note: string }) | OwnAnswer> {
  const { options, site, tokens } = parts;
  const { method, headers } = request;
  const { host, url, ip, target } = asked;
  const said = (page: PageAnswer, why: string) => ({ ...page, note: `${why} ${asked.ray}` });
  const fail = (error: EdgeError, why = error.title) => said(errorAnswer(error, asked), why);
  const world = options.world();
  const asPage = async () => ({ method, url, form: await readForm(request), ip });
  if (host === `${options.team}.cloudflareaccess.com`)
    return said(site.team(await asPage()), "access");
  const route = routeOf(world, host);
  if ("error" in route) return fail(route.error);
  if (url.pathname.startsWith("/cdn-cgi/")) return said(await site.host(await asPage()), "access");
  const passage = await gate(world, tokens, options.team, {
    ...{ host, path: url.pathname, target, ip, headers },
  });
  const { why } = passage;
  if ("forbidden" in passage) return fail(forbidden, why);
  if ("redirect" in passage) {
    const access = {
      "cf-access-aud": passage.application.aud,
      "cf-access-domain": passage.application.domain,
    };
    const toLogin = { location: passage.redirect, "cache-control": "no-store", ...access };
    return said({ status: 302, headers: toLogin, body: "" }, why);
  }
  if (headers.upgrade !== undefined) return fail(noUpgrade);
  const facts = { host, ip, ray: asked.ray, identity: passage.pass };
  const out = originHeaders(method, target, headers, facts);
  const first = parts.tunnels.pick(route.tunnel);
  if (first === undefined) return fail(tunnelDown);
  return {
    note: `tunnel ${asked.ray}`,
    async write(response, lose) {
      const { raw } = request;
      let failure = await forward(first, out, raw, response, lose);
      const repeatable = ["GET", "HEAD"].includes(method) && !hasBody(raw);
      if (failure === "lost" && repeatable) {
        const other = parts.tunnels.pick(route.tunnel, first);
        if (other !== undefined) failure = await forward(other, out, raw, response, lose);
      }
      if (failure === undefined) return;
      const page = errorAnswer(failures[failure], asked);
      response.writeHead(page.status, signed(page.headers, asked)).end(page.body);
    },
  };
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
