import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from "jose";
import { createEdge, type Edge } from "../../../apis/cloudflare/edge.ts";
import type { Mail } from "../../../apis/cloudflare/access-login.ts";
import { noFaults, type Faults } from "../../../world/faults.ts";
import { selfSigned } from "../certificate.ts";
import { httpsRequest, type Answer } from "../https-request.ts";
import { application, FakeWorld, policy } from "./fake-world.ts";
import { TunnelClient } from "./tunnel-client.ts";

const host = "typeo.example.net";
const team = "homelab.cloudflareaccess.com";
const secret = Buffer.from("a secret of the tunnel, 32 bytes").toString("base64");
const token = { a: "account", t: "3f6c1a52-0b6d-4d6c-9c39-3c1d5a1f0001", s: secret };

describe("Cloudflare's edge", () => {
  const folder = mkdtempSync(join(tmpdir(), "edge-"));
  const logFile = join(folder, "edge.log");
  const clients: TunnelClient[] = [];
  const mails: Mail[] = [];
  let world = new FakeWorld();
  let faults: Faults = noFaults;
  let edge: Edge;

  const start = (): Promise<Edge> =>
    createEdge({
      ...{ address: "127.0.0.1", port: 0, tunnelPort: 0, tls: selfSigned(), stateDir: folder },
      ...{ logFile, team: "homelab", world: () => world, mailbox: (mail) => mails.push(mail) },
      faults: { consult: (service, request) => faults.consult(service, request) },
    });
  const get = (
    path: string,
    headers: Record<string, string> = {},
    method = "GET",
    body?: string,
  ): Promise<Answer> =>
    httpsRequest(
      {
        ...{ host: "127.0.0.1", port: edge.port, servername: host, rejectUnauthorized: false },
        ...{ method, path, headers: { host, ...headers } },
      },
      body,
    );
  const cloudflared = async (name?: string): Promise<TunnelClient> => {
    const before = edge.connections.count(token.t);
    const client = await new TunnelClient(name).connect(edge.tunnelPort, token);
    clients.push(client);
    assert.deepEqual({ ok: client.answer.ok }, { ok: true });
    await until(() => edge.connections.count(token.t) === before + 1);
    return client;
  };

  beforeEach(async () => {
    world = new FakeWorld();
    faults = noFaults;
    world.tunnels = [
      {
        ...{ id: token.t, accountId: token.a, secret },
        ingress: [
          { hostname: host, service: "http://typeo.apps:8080" },
          { service: "http_status:404" },
        ],
      },
    ];
    world.dns = [
      { name: host, type: "CNAME", content: `${token.t}.cfargotunnel.com`, proxied: true },
      { name: "gone.example.net", type: "CNAME", content: "nowhere.example.org", proxied: true },
      {
        name: "plain.example.net",
        type: "CNAME",
        content: `${token.t}.cfargotunnel.com`,
        proxied: false,
      },
      { name: "*.example.net", type: "A", content: "192.0.2.1", proxied: true },
    ];
    edge = await start();
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.drop();
    await edge.close();
  });
  after(() => rmSync(folder, { recursive: true }));

  it("carries a request through the tunnel, with what it knows and without what a visitor made up", async () => {
    const client = await cloudflared();
    const forged = {
      "cf-access-authenticated-user-email": "root@example.net",
      "cf-access-jwt-assertion": "forged",
      "cf-connecting-ip": "192.0.2.66",
      "cf-cloudflared-proxy-connection-upgrade": "update-configuration",
      "x-forwarded-for": "192.0.2.66",
      "x-custom": "kept",
      connection: "close, x-hop",
      "x-hop": "dropped",
    };
    const answer = await get(
      "/play?level=2",
      { ...forged, "content-length": "5" },
      "POST",
      "hello",
    );
    assert.equal(answer.status, 200);
    assert.equal(answer.body.toString(), "hello from behind");
    assert.equal(answer.headers["server"], "cloudflare");
    assert.match(String(answer.headers["cf-ray"]), /^[0-9a-f]{16}-LAB$/);
    const [arrived] = client.arrived;
    assert.ok(arrived);
    assert.equal(arrived.body, "hello");
    const { headers } = arrived;
    assert.equal(headers[":path"], "/play?level=2");
    assert.equal(headers[":authority"], host);
    assert.equal(headers["cf-connecting-ip"], "127.0.0.1");
    assert.equal(headers["x-forwarded-for"], "192.0.2.66, 127.0.0.1");
    assert.equal(headers["x-custom"], "kept");
    for (const name of Object.keys(forged).filter((name) =>
      /^cf-access|^x-hop|^cf-cloudf/.test(name),
    ))
      assert.equal(headers[name], undefined, name);
  });

  it("says what is missing: a connection, an origin, a record, a name", async () => {
    const status = async (name: string): Promise<[number, string]> => {
      const { status, body } = await get("/", { host: name });
      return [status, /Error (\d+)/.exec(body.toString())?.[1] ?? ""];
    };
    assert.deepEqual(await status(host), [530, "1033"]);
    assert.deepEqual(await status("gone.example.net"), [530, "1016"]);
    assert.deepEqual(await status("plain.example.net"), [530, "1016"]);
    assert.deepEqual(await status("other.example.net"), [523, "523"]);
    assert.deepEqual(await status("example.org"), [530, "1016"]);
    assert.deepEqual(await status("203.0.113.40"), [403, "1003"]);
  });

  it("sends ingress rules at registration and at every change", async () => {
    const client = await cloudflared();
    assert.deepEqual(client.configurations, [
      { version: 1, config: { ingress: world.tunnels[0]?.ingress } },
    ]);
    world.tunnels = world.tunnels.map((tunnel) => ({
      ...tunnel,
      ingress: [{ service: "http_status:503" }],
    }));
    world.changed();
    await until(() => client.configurations.length === 2);
    world.changed();
    assert.deepEqual(client.configurations.at(-1), {
      version: 2,
      config: { ingress: [{ service: "http_status:503" }] },
    });
  });

  it("refuses a wrong secret and an unknown tunnel without repeating them", async () => {
    for (const [wrong, reason] of [
      [
        { ...token, s: Buffer.from("another").toString("base64") },
        "Unauthorized: Invalid tunnel secret",
      ],
      [{ ...token, a: "elsewhere" }, "Unauthorized: Invalid tunnel secret"],
      [{ ...token, t: "none" }, "Unauthorized: Tunnel not found"],
    ] as const) {
      const client = await new TunnelClient().connect(edge.tunnelPort, wrong);
      assert.deepEqual(client.answer, { ok: false, error: reason, retry: false });
    }
    assert.equal(edge.connections.count(token.t), 0);
    assert.doesNotMatch(readFileSync(logFile, "utf8"), new RegExp(secret));
  });

  it("cuts a tunnel off that is deleted or has another secret", async () => {
    const client = await cloudflared();
    world.tunnels = [];
    world.changed();
    await client.ended();
    assert.equal(edge.connections.count(token.t), 0);
  });

  it("goes to another cloudflared when one breaks off, for requests that may be repeated", async () => {
    const bad = await cloudflared("bad");
    await cloudflared("good");
    bad.answering = () => bad.drop();
    for (let i = 0; i < 3; i += 1) assert.equal((await get("/")).status, 200);
    await until(() => edge.connections.count(token.t) === 1);
  });

  it("answers a request with content by 502 when its cloudflared breaks off", async () => {
    const client = await cloudflared();
    client.answering = () => client.drop();
    assert.equal((await get("/", { "content-length": "1" }, "POST", "x")).status, 502);
  });

  it("is told to misbehave", async () => {
    const client = await cloudflared();
    faults = {
      consult: () => Promise.resolve({ status: 429, body: "slow", retryAfterSeconds: 7 }),
    };
    const limited = await get("/");
    assert.equal(limited.status, 429);
    assert.equal(limited.headers["retry-after"], "7");
    faults = { consult: () => Promise.resolve("lose") };
    await assert.rejects(get("/"));
    assert.equal(client.arrived.length, 1);
    faults = { consult: () => Promise.resolve("cut") };
    await assert.rejects(get("/"));
    assert.equal(client.arrived.length, 1);
  });

  describe("with Access in front", () => {
    const email = "ada@example.net";
    beforeEach(() => {
      world.tokens = [
        { id: "t1", name: "probe", clientId: "probe.access", clientSecret: "s3cret" },
      ];
      world.applications = [
        application(
          host,
          policy("allow", { email: { email } }),
          policy("non_identity", { service_token: { token_id: "t1" } }),
        ),
        application(`${host}/open`, policy("bypass", { everyone: {} })),
      ];
      mails.length = 0;
    });

    /** Logs in as a browser does and returns the cookie. */
    async function login(address: string): Promise<{ cookie: string; target: string } | undefined> {
      const form = { host: team, "content-type": "application/x-www-form-urlencoded" };
      const first = await get("/play?level=2");
      assert.equal(first.status, 302);
      const location = new URL(String(first.headers["location"]));
      assert.equal(location.host, team);
      const page = await get(location.pathname + location.search, { host: team });
      assert.equal(page.status, 200);
      const fields = new URLSearchParams(location.search);
      fields.set("email", address);
      const sent = await get(location.pathname, form, "POST", fields.toString());
      assert.match(sent.body.toString(), /If the address may log in/);
      const nonce = /name="nonce" value="([^"]+)"/.exec(sent.body.toString())?.[1] ?? "";
      const pin = /code: (\d{6})$/.exec(mails.at(-1)?.subject ?? "")?.[1];
      if (pin === undefined) return undefined;
      const code = new URLSearchParams({ nonce, code: pin }).toString();
      const done = await get(`/cdn-cgi/access/verify-code/${host}`, form, "POST", code);
      assert.equal(done.status, 302);
      const back = new URL(String(done.headers["location"]));
      assert.equal(back.origin, `https://${host}`);
      const arrived = await get(back.pathname + back.search);
      const cookie = String(arrived.headers["set-cookie"]).split(";")[0] ?? "";
      return { cookie, target: String(arrived.headers["location"]) };
    }

    it("lets a person in by a PIN, and tells the origin who it is", async () => {
      const client = await cloudflared();
      const session = await login(email);
      assert.ok(session);
      assert.equal(session.target, "/play?level=2");
      assert.equal((await get(session.target, { cookie: session.cookie })).status, 200);
      const headers = client.arrived.at(-1)?.headers ?? {};
      assert.equal(headers["cf-access-authenticated-user-email"], email);
      const certificates = await get("/cdn-cgi/access/certs", { host: team });
      const keys = JSON.parse(certificates.body.toString()) as JSONWebKeySet;
      const { payload } = await jwtVerify(
        String(headers["cf-access-jwt-assertion"]),
        createLocalJWKSet(keys),
        { issuer: `https://${team}`, audience: world.applications[0]?.aud },
      );
      assert.equal(payload["email"], email);
      const log = readFileSync(logFile, "utf8");
      assert.doesNotMatch(log, /nonce=|level=2|CF_Authorization/);
    });

    it("keeps a session over a restart and whoever the policies name, until it is revoked", async () => {
      const session = await login(email);
      assert.ok(session);
      await edge.close();
      edge = await start();
      await cloudflared();
      assert.equal((await get("/", { cookie: session.cookie })).status, 200);
      const others = application(host, policy("allow", { email: { email: "bo@example.net" } }));
      world.applications = [others];
      assert.equal((await get("/", { cookie: session.cookie })).status, 200);
      world.applications = [{ ...others, revokedAt: Date.now() }];
      assert.equal((await get("/", { cookie: session.cookie })).status, 302);
      mails.length = 0;
      assert.equal(await login(email), undefined);
    });

    it("lets everybody in where the application is deleted, and marks nothing", async () => {
      const client = await cloudflared();
      assert.equal((await get("/")).status, 302);
      world.applications = [];
      assert.equal((await get("/")).status, 200);
      const headers = client.arrived.at(-1)?.headers ?? {};
      assert.deepEqual(
        Object.keys(headers).filter((name) => name.startsWith("cf-access")),
        [],
      );
    });

    it("mails nothing to a stranger and says the same", async () => {
      assert.equal(await login("eve@example.net"), undefined);
      assert.equal(mails.length, 0);
    });

    it("lets a program in by its service token and refuses a wrong one", async () => {
      const client = await cloudflared();
      const right = { "cf-access-client-id": "probe.access", "cf-access-client-secret": "s3cret" };
      assert.equal((await get("/", right)).status, 200);
      const headers = client.arrived.at(-1)?.headers ?? {};
      assert.ok(headers["cf-access-jwt-assertion"]);
      assert.equal(headers["cf-access-client-secret"], undefined);
      assert.equal((await get("/", { ...right, "cf-access-client-secret": "no" })).status, 403);
    });

    it("does not take a token that is forged or another application's", async () => {
      const session = await login(email);
      assert.ok(session);
      await cloudflared();
      world.applications = [application("other.example.net"), ...world.applications].map((app) =>
        app.domain === host ? { ...app, aud: "f".repeat(64) } : app,
      );
      assert.equal((await get("/", { cookie: session.cookie })).status, 302);
      const none = `CF_Authorization=${Buffer.from('{"alg":"none"}').toString("base64url")}.e30.`;
      assert.equal((await get("/", { cookie: none })).status, 302);
    });

    it("covers a path however it is spelled", async () => {
      await cloudflared();
      assert.equal((await get("/open/x")).status, 200);
      world.applications = [application(`${host}/admin`, policy("deny", { everyone: {} }))];
      for (const path of ["/admin", "/%61dmin", "//admin/x", "/x/../admin", "/x/%2e%2e/admin"])
        assert.equal((await get(path)).status, 302, path);
      assert.equal((await get("/")).status, 200);
    });
  });
});

async function until(holds: () => boolean): Promise<void> {
  for (const deadline = performance.now() + 5000; !holds(); await delay(5))
    assert.ok(performance.now() < deadline, "it did not happen within five seconds");
}
