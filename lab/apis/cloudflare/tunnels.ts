import { createHash, randomBytes, randomUUID } from "node:crypto";
import { z } from "zod";
import { part } from "../web/exchange.ts";
import type { Account } from "./account.ts";
import { ApiError, conflict } from "./api-error.ts";
import { acceptConfiguration } from "./ingress-rules.ts";
import { accept, type JsonObject } from "./json.ts";
import { pageOf, type Call, type Route } from "./route.ts";
import { entry, type StoredTunnel } from "./store.ts";

const secret = z
  .base64("must be base64")
  .refine((text) => Buffer.from(text, "base64").length >= 32, "must be at least 32 bytes");
const creation = z.looseObject({
  name: z.string("a tunnel needs a name").min(1, "a tunnel needs a name").max(100),
  config_src: z.enum(["local", "cloudflare"], "use local or cloudflare").default("local"),
  tunnel_secret: secret.optional(),
});
const change = creation.extend({ config_src: z.enum(["local", "cloudflare"]) }).partial();

const invalid = (message: string): ApiError => new ApiError(400, 1001, `Bad Request: ${message}`);

/** https://developers.cloudflare.com/api/resources/zero_trust/subresources/tunnels/ */
export function tunnelRoutes(account: Account): Route[] {
  const all = "accounts/:account/cfd_tunnel";
  const one = `${all}/:tunnel`;
  const permission = "Cloudflare Tunnel";
  return [
    { method: "GET", path: all, permission, handle: (call) => list(account, call) },
    { method: "POST", path: all, permission, handle: (call) => create(account, call) },
    {
      ...{ method: "GET", path: one, permission },
      handle: (call) => ({ result: shown(account, known(account, call)) }),
    },
    { method: "PATCH", path: one, permission, handle: (call) => update(account, call) },
    { method: "DELETE", path: one, permission, handle: (call) => remove(account, call) },
    {
      ...{ method: "GET", path: `${one}/token`, permission },
      handle: (call) => ({ result: tokenOf(account, found(account, call)) }),
    },
    {
      ...{ method: "GET", path: `${one}/connections`, permission },
      handle: (call) => ({ result: connectionsOf(account, found(account, call).id) }),
    },
    {
      // Forgets what died without a goodbye; the lab has no such connections, and live ones stay.
      ...{ method: "DELETE", path: `${one}/connections`, permission },
      handle: (call) => ({ result: { id: found(account, call).id } }),
    },
    {
      ...{ method: "GET", path: `${one}/configurations`, permission },
      handle: (call) => ({ result: configurationOf(account, found(account, call)) }),
    },
    {
      method: "PUT",
      path: `${one}/configurations`,
      permission,
      handle: (call) => configure(account, call),
    },
  ];
}

/** A tunnel that was not deleted, by its id. */
export function liveTunnel({ store }: Account, id: string): StoredTunnel | undefined {
  const tunnel = entry(store.state.tunnels, id);
  return tunnel?.deletedAt === undefined ? tunnel : undefined;
}

function found(account: Account, call: Call): StoredTunnel {
  const tunnel = liveTunnel(account, part(call, "tunnel"));
  if (tunnel === undefined) throw new ApiError(404, 1003, "Tunnel not found");
  return tunnel;
}

/** A tunnel, deleted or not: Cloudflare goes on showing it, with the time of its deletion. */
function known({ store }: Account, call: Call): StoredTunnel {
  const tunnel = entry(store.state.tunnels, part(call, "tunnel"));
  if (tunnel === undefined) throw new ApiError(404, 1003, "Tunnel not found");
  return tunnel;
}

/**
 * Without `is_deleted` only what was not deleted.
 * @see https://developers.cloudflare.com/changelog/2025-09-02-tunnel-networks-list-endpoints-new-default
 */
function list(account: Account, call: Call): ReturnType<typeof pageOf> {
  const name = call.query.get("name");
  const deleted = call.query.get("is_deleted") ?? "false";
  const tunnels = Object.values(account.store.state.tunnels)
    .filter((tunnel) => name === null || tunnel.name === name)
    .filter((tunnel) => String(tunnel.deletedAt !== undefined) === deleted);
  const results = tunnels.map((tunnel) => shown(account, tunnel));
  return pageOf(results, call, ["name", "is_deleted"]);
}

function create(account: Account, { body }: Call): { result: JsonObject } {
  const { name, config_src: configSource, tunnel_secret: given } = accept(creation, body, invalid);
  checkName(account, name);
  const tunnel: StoredTunnel = {
    id: randomUUID(),
    name,
    configSource,
    secret: given ?? randomBytes(32).toString("base64"),
    createdAt: new Date().toISOString(),
  };
  keep(account, tunnel);
  return { result: shown(account, tunnel) };
}

function update(account: Account, call: Call): { result: JsonObject } {
  const tunnel = found(account, call);
  const { name, config_src, tunnel_secret } = accept(change, call.body, invalid);
  if (name !== undefined && name !== tunnel.name) checkName(account, name);
  const changed = {
    ...tunnel,
    name: name ?? tunnel.name,
    configSource: config_src ?? tunnel.configSource,
    secret: tunnel_secret ?? tunnel.secret,
  };
  keep(account, changed);
  return { result: shown(account, changed) };
}

function remove(account: Account, call: Call): { result: JsonObject } {
  const tunnel = found(account, call);
  if (account.connections.count(tunnel.id) > 0)
    throw new ApiError(400, 1022, "Cannot delete tunnel because it has active connections.");
  const deleted = { ...tunnel, deletedAt: new Date().toISOString() };
  keep(account, deleted);
  return { result: shown(account, deleted) };
}

function keep({ store }: Account, tunnel: StoredTunnel): void {
  store.change(({ tunnels }) => (tunnels[tunnel.id] = tunnel));
}

function checkName({ store }: Account, name: string): void {
  const names = Object.values(store.state.tunnels).filter(
    ({ deletedAt }) => deletedAt === undefined,
  );
  if (names.some((tunnel) => tunnel.name === name))
    throw conflict(
      1013,
      "You already have a tunnel with this name. Delete the existing tunnel, or choose a different name for " +
        "your new tunnel",
    );
}

function configure(account: Account, call: Call): { result: JsonObject } {
  const tunnel = found(account, call);
  const config = acceptConfiguration(call.body.config);
  const source = call.body.source;
  if (source !== undefined && source !== "local" && source !== "cloudflare")
    throw invalid("source: use local or cloudflare");
  const version = (tunnel.configuration?.version ?? 0) + 1;
  const createdAt = new Date().toISOString();
  const changed = { ...tunnel, configuration: { config, source, version, createdAt } };
  keep(account, changed);
  return { result: configurationOf(account, changed) };
}

function configurationOf({ id }: Account, tunnel: StoredTunnel): JsonObject {
  const { configuration } = tunnel;
  return {
    account_id: id,
    tunnel_id: tunnel.id,
    version: configuration?.version ?? 0,
    config: configuration?.config ?? null,
    source: configuration?.source ?? tunnel.configSource,
    created_at: configuration?.createdAt ?? tunnel.createdAt,
  };
}

/** What `cloudflared tunnel run --token` takes. */
function tokenOf({ id }: Account, tunnel: StoredTunnel): string {
  return Buffer.from(JSON.stringify({ a: id, t: tunnel.id, s: tunnel.secret })).toString("base64");
}

/** One entry a connection; ids are stable while the connection's place is. */
function connectionsOf({ connections }: Account, id: string): JsonObject[] {
  return Array.from({ length: connections.count(id) }, (_, index) => {
    const digest = createHash("sha256").update(`${id}/${index}`).digest("hex");
    const uuid = digest.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*/, "$1-$2-$3-$4-$5");
    return { id: uuid, uuid, colo_name: "lab01", is_pending_reconnect: false };
  });
}

function shown(account: Account, tunnel: StoredTunnel): JsonObject {
  const connections = connectionsOf(account, tunnel.id);
  return {
    id: tunnel.id,
    account_tag: account.id,
    name: tunnel.name,
    status: statusOf(account, tunnel, connections.length),
    created_at: tunnel.createdAt,
    deleted_at: tunnel.deletedAt ?? null,
    connections,
    tun_type: "cfd_tunnel",
    remote_config: tunnel.configSource === "cloudflare",
    config_src: tunnel.configSource,
    metadata: {},
  };
}

function statusOf(account: Account, { id, wasConnected }: StoredTunnel, count: number): string {
  if (count === 0) return wasConnected === true ? "down" : "inactive";
  noteConnection(account, id);
  return "healthy";
}

/** Remembers that the tunnel has been connected, once it is. */
export function noteConnection(account: Account, id: string): void {
  const tunnel = liveTunnel(account, id);
  if (tunnel === undefined || tunnel.wasConnected === true) return;
  if (account.connections.count(id) > 0)
    account.store.note(({ tunnels }) => (tunnels[id] = { ...tunnel, wasConnected: true }));
}
