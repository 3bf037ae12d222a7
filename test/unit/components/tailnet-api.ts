import Fastify from "fastify";
import type { AddressInfo } from "node:net";
import { TailscaleApi } from "../../../components/tailnet/tailscale-api.ts";
import type { FailedTest } from "../../../components/tailnet/tailscale-types.ts";

/** What a small Tailscale API on loopback knows; tests change it. */
export interface SmallTailnet {
  policy: string;
  isDefault: boolean;
  failedTests: readonly FailedTest[];
  devices: {
    nodeId: string;
    name: string;
    hostname: string;
    tags?: readonly string[];
    user?: string;
    advertisedRoutes?: readonly string[];
  }[];
  /** Services: name to tags. */
  services: Map<string, readonly string[]>;
  splitDns: Record<string, readonly string[]>;
  /** Auth keys: id to tags. */
  keys: Map<string, readonly string[]>;
  /** OAuth clients: id to tags. */
  clients: Map<string, readonly string[]>;
  /** Whether the list of keys has nothing but their ids. */
  listsIdsAlone: boolean;
  /** What the answer with a token says of its scopes; nothing when left out. */
  scope?: unknown;
  /** Answers to give before working, in order. */
  faults: { readonly status: number; readonly retryAfter?: number; readonly body?: unknown }[];
  /** Calls as `METHOD path`, without the token's. */
  readonly calls: string[];
}

/** The running API. */
export interface SmallApi {
  readonly tailnet: SmallTailnet;
  readonly url: string;
  /** Milliseconds that the client waited between attempts. */
  readonly waits: number[];
  /** A client with a clock that waits move on. */
  client(secret?: string): TailscaleApi;
  close(): Promise<void>;
}

/** The secret of the one OAuth client, `client`. */
export const clientSecret = "canary-secret";

/** Starts it; the policy's ETag, OAuth and error bodies are as Tailscale's. */
export async function smallApi(): Promise<SmallApi> {
  const tailnet: SmallTailnet = {
    policy: "{}",
    isDefault: true,
    failedTests: [],
    devices: [],
    services: new Map(),
    splitDns: {},
    keys: new Map(),
    clients: new Map(),
    listsIdsAlone: false,
    faults: [],
    calls: [],
  };
  const app = Fastify({ forceCloseConnections: true });
  app.addContentTypeParser("*", { parseAs: "string" }, (_request, body, done) => {
    done(null, body);
  });
  app.addHook("onRequest", async (request, reply) => {
    if (request.url.endsWith("/oauth/token")) return;
    tailnet.calls.push(`${request.method} ${request.url.replace("/api/v2/", "")}`);
    const fault = tailnet.faults.shift();
    if (fault !== undefined) {
      if (fault.retryAfter !== undefined) reply.header("retry-after", fault.retryAfter);
      await reply.code(fault.status).send(fault.body ?? { message: `injected ${fault.status}` });
    } else if (request.headers.authorization !== "Bearer token") {
      await reply.code(401).send({ message: "API token invalid" });
    }
  });
  app.post("/api/v2/oauth/token", async (request, reply) => {
    const basic = Buffer.from(`client:${clientSecret}`).toString("base64");
    if (request.headers.authorization !== `Basic ${basic}`)
      return reply.code(401).send({ message: "API token invalid" });
    const { scope } = tailnet;
    return { access_token: "token", token_type: "Bearer", expires_in: 3600, scope };
  });
  app.get("/api/v2/tailnet/-/acl", async (_request, reply) =>
    reply
      .header("etag", tailnet.isDefault ? '"ts-default"' : '"0a1b"')
      .type("application/hujson")
      .send(tailnet.policy),
  );
  app.post("/api/v2/tailnet/-/acl", async (request, reply) => {
    tailnet.policy = (request.body as string | undefined) ?? "";
    tailnet.isDefault = tailnet.policy === "";
    return reply.send(tailnet.policy);
  });
  app.post("/api/v2/tailnet/-/acl/validate", () =>
    tailnet.failedTests.length === 0
      ? {}
      : { message: "test(s) failed", data: tailnet.failedTests },
  );
  app.get("/api/v2/tailnet/-/dns/split-dns", () => tailnet.splitDns);
  app.get("/api/v2/tailnet/-/devices", () => ({ devices: tailnet.devices }));
  app.delete<{ Params: { id: string } }>("/api/v2/device/:id", async (request, reply) => {
    const before = tailnet.devices.length;
    tailnet.devices = tailnet.devices.filter(({ nodeId }) => nodeId !== request.params.id);
    if (tailnet.devices.length === before)
      return reply.code(404).send({ message: "device not found" });
    return reply.send("");
  });
  const service = (name: string, tags: readonly string[]) => ({
    ...{ name, addrs: ["100.100.0.9"], ports: ["tcp:443"] },
    annotations: { "tailscale.com/owner-references": '{"ownerRefs":[{"tags":["tag:not"]}]}' },
    tags,
  });
  app.get("/api/v2/tailnet/-/vip-services", () => ({
    vipServices: [...tailnet.services].map(([name, tags]) => service(name, tags)),
  }));
  app.get<{ Params: { name: string } }>(
    "/api/v2/tailnet/-/vip-services/:name",
    (request, reply) => {
      const { name } = request.params;
      const tags = tailnet.services.get(name);
      return tags === undefined ? reply.code(404).send({}) : service(name, tags);
    },
  );
  app.delete<{ Params: { name: string } }>(
    "/api/v2/tailnet/-/vip-services/:name",
    ({ params: { name } }, reply) =>
      reply.code(tailnet.services.delete(name) ? 200 : 404).send("{}"),
  );
  // Nested as Tailscale's: the tags of an auth key are below its capabilities, a client's are not.
  const authKey = (id: string, tags: readonly string[]) => ({
    capabilities: { devices: { create: { reusable: false, tags } } },
    keyType: "auth",
    id,
  });
  const oauthClient = (id: string, tags: readonly string[]) => ({ keyType: "client", id, tags });
  app.get("/api/v2/tailnet/-/keys", () => ({
    keys: [
      ...[...tailnet.keys].map(([id, tags]) => authKey(id, tags)),
      ...[...tailnet.clients].map(([id, tags]) => oauthClient(id, tags)),
    ].map((key) => (tailnet.listsIdsAlone ? { id: key.id } : key)),
  }));
  app.get<{ Params: { id: string } }>("/api/v2/tailnet/-/keys/:id", ({ params: { id } }, reply) => {
    const [key, owned] = [tailnet.keys.get(id), tailnet.clients.get(id)];
    if (key !== undefined) return authKey(id, key);
    return owned === undefined ? reply.code(404).send({}) : oauthClient(id, owned);
  });
  app.delete<{ Params: { id: string } }>(
    "/api/v2/tailnet/-/keys/:id",
    ({ params: { id } }, reply) =>
      reply.code(tailnet.keys.delete(id) || tailnet.clients.delete(id) ? 200 : 404).send("{}"),
  );
  await app.listen({ host: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  const waits: number[] = [];
  const client = (secret = clientSecret): TailscaleApi => {
    let now = 0;
    const pause = (milliseconds: number) => {
      waits.push(milliseconds);
      return Promise.resolve((now += milliseconds));
    };
    return new TailscaleApi(
      { tailnet: "-", clientId: "client", clientSecret: secret, baseUrl: url },
      { now: () => now, pause },
    );
  };
  return { tailnet, url, waits, client, close: () => app.close() };
}
