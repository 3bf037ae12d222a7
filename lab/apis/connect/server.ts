import type { AddressInfo } from "node:net";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { Faults } from "../../world/faults.ts";
import { openRequestLog } from "../request-log.ts";
import { filterByTitle } from "./filter.ts";
import { ConnectError } from "./connect-error.ts";
import { keepVaults, summary, type FullItem, type KeptVault, type VaultSpec } from "./vaults.ts";

/** The lab's 1Password Connect: where it answers and what it holds. */
export interface ConnectOptions {
  readonly address: string;
  /** Default 443; 0 takes any free port. */
  readonly port?: number;
  /** PEM. */
  readonly tls: { readonly cert: string; readonly key: string };
  /** Unused: nothing here changes, so nothing is kept. */
  readonly stateDir: string;
  readonly faults: Faults;
  readonly logFile?: string;
  /** The one access token; it reads all vaults. */
  readonly token: string;
  /** Asked at each request: what the vaults hold may change. */
  readonly vaults: () => readonly VaultSpec[];
}

/** The running server. */
export interface Connect {
  readonly port: number;
  close(): Promise<void>;
}

const version = "1.8.1";

/**
 * 1Password Connect's API, as far as secrets are read through it
 * (https://developer.1password.com/docs/connect/api-reference/): vaults and items, by id and by title. It is read-only;
 * what it does not have is refused with the reason.
 * @throws when the address cannot be listened at.
 */
export async function createConnect(options: ConnectOptions): Promise<Connect> {
  const app = Fastify({
    https: { ...options.tls, minVersion: "TLSv1.2" },
    forceCloseConnections: true,
    routerOptions: { ignoreTrailingSlash: true },
  });
  // No call that is served has a body.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, _body, done) => {
    done(null);
  });
  const log = openRequestLog(options.logFile);
  app.addHook("onRequest", (request, reply) => consultFaults(options.faults, request, reply));
  app.addHook("onRequest", (request, _reply, done) => {
    if (path(request).startsWith("/v1/")) authenticate(request, options.token);
    done();
  });
  app.addHook("onResponse", (request, reply, done) => {
    // Queries name items: they stay out of the log.
    log(`${request.hostname} ${request.method} ${path(request)} ${reply.statusCode}`);
    done();
  });
  app.setErrorHandler((error, _request, reply) => answerError(reply, error));
  app.setNotFoundHandler((request) => refuse(request));
  serveState(app);
  serveVaults(app, () => keepVaults(options.vaults()));
  await app.listen({ host: options.address, port: options.port ?? 443 });
  return { port: (app.server.address() as AddressInfo).port, close: () => app.close() };
}

/** Liveness and health: without a token, as Connect has them. */
function serveState(app: FastifyInstance): void {
  app.get("/heartbeat", (_request, reply) => reply.type("text/plain").send("."));
  app.get("/health", () => ({
    name: "1Password Connect API",
    version,
    dependencies: [
      { service: "sync", status: "ACTIVE" },
      { service: "sqlite", status: "ACTIVE", message: "Connected to ~/1password.sqlite" },
    ],
  }));
}

interface ItemPath {
  readonly vault: string;
  readonly item: string;
}

function serveVaults(app: FastifyInstance, kept: () => readonly KeptVault[]): void {
  app.get<{ Querystring: { filter?: string } }>("/v1/vaults", ({ query }) =>
    filterByTitle(
      kept().map(({ vault }) => vault),
      ({ name }) => name,
      query.filter,
    ),
  );
  app.get<{ Params: ItemPath }>("/v1/vaults/:vault", ({ params }) => find(kept(), params).vault);
  app.get<{ Params: ItemPath; Querystring: { filter?: string } }>(
    "/v1/vaults/:vault/items",
    ({ params, query }) =>
      filterByTitle(find(kept(), params).items, ({ title }) => title, query.filter).map(summary),
  );
  app.get<{ Params: ItemPath }>("/v1/vaults/:vault/items/:item", ({ params }) =>
    findItem(find(kept(), params).items, params.item),
  );
}

function find(kept: readonly KeptVault[], { vault: id }: ItemPath): KeptVault {
  if (!isId(id)) throw new ConnectError(400, "Invalid Vault UUID");
  const found = kept.find(({ vault }) => vault.id === id);
  if (found === undefined) throw new ConnectError(404, "Vault not found");
  return found;
}

function findItem(items: readonly FullItem[], id: string): FullItem {
  if (!isId(id)) throw new ConnectError(400, "Invalid Item UUID");
  const found = items.find((item) => item.id === id);
  if (found === undefined) throw new ConnectError(404, "Item not found");
  return found;
}

const isId = (text: string): boolean => /^[a-z0-9]{26}$/.test(text);

function authenticate(request: FastifyRequest, token: string): void {
  const given = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
  if (given === undefined) throw new ConnectError(401, "Invalid bearer token");
  if (given !== token) throw new ConnectError(401, "Invalid token signature");
}

function refuse(request: FastifyRequest): never {
  const call = `${request.method} ${path(request)}`;
  if (!["GET", "HEAD"].includes(request.method) && /^\/v1\/vaults\//.test(path(request))) {
    throw new ConnectError(
      403,
      `Authorization: token does not have write access to the vault (the lab's Connect is read-only: ${call})`,
    );
  }
  throw new ConnectError(501, `the lab's 1Password Connect does not support ${call}`);
}

function answerError(reply: FastifyReply, error: unknown): FastifyReply {
  const given = (error as { statusCode?: unknown }).statusCode;
  const status =
    error instanceof ConnectError ? error.status : typeof given === "number" ? given : 500;
  const message = error instanceof Error ? error.message : String(error);
  return reply.code(status).send({ status, message });
}

async function consultFaults(
  faults: Faults,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply | undefined> {
  const { method, hostname: host } = request;
  const fault = await faults.consult("connect", { method, path: path(request), host });
  if (fault === undefined) return undefined;
  // Nothing is ever done here whose answer could get lost: both end the connection.
  if (fault === "cut" || fault === "lose") {
    reply.hijack();
    request.raw.socket.destroy();
    return reply;
  }
  if (fault.retryAfterSeconds !== undefined)
    void reply.header("retry-after", String(fault.retryAfterSeconds));
  return reply.code(fault.status).send({ status: fault.status, message: fault.body });
}

const path = (request: FastifyRequest): string => request.url.split("?")[0] ?? "";
