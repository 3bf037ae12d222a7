import assert from "node:assert/strict";
import { TestCloudflare, accountId } from "./cloudflare-client.ts";

interface Tunnel {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly config_src: string;
  readonly deleted_at: string | null;
  readonly connections: readonly unknown[];
}

const secret = Buffer.alloc(32, 7).toString("base64");

describe("Cloudflare's tunnels", () => {
  const cloudflare = new TestCloudflare();
  const path = "{a}/cfd_tunnel";
  before(() => cloudflare.start());
  after(() => cloudflare.end());

  const create = (body: object): Promise<Tunnel> => cloudflare.result("POST", path, body);

  it("are made with a name of their own and a long enough secret", async () => {
    const tunnel = await create({ name: "made", config_src: "cloudflare", tunnel_secret: secret });
    assert.match(tunnel.id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    assert.deepEqual([tunnel.status, tunnel.config_src], ["inactive", "cloudflare"]);
    assert.equal((await create({ name: "other" })).config_src, "local");
    const again = await cloudflare.call("POST", path, { name: "made" });
    assert.deepEqual([again.status, again.code], [409, 1013]);
    assert.equal(again.headers["x-should-retry"], "false");
    for (const wrong of [
      {},
      { name: "x", tunnel_secret: "c2hvcnQ=" },
      { name: "x", tunnel_secret: "?" },
      { name: "x", config_src: "elsewhere" },
    ])
      assert.equal((await cloudflare.call("POST", path, wrong)).status, 400);
  });

  it("answer their token as a string that cloudflared understands", async () => {
    const { id } = await create({ name: "token", tunnel_secret: secret });
    const token = await cloudflare.result<string>("GET", `${path}/${id}/token`);
    const read: unknown = JSON.parse(Buffer.from(token, "base64").toString());
    assert.deepEqual(read, { a: accountId, t: id, s: secret });
  });

  it("change by the members sent, and keep the secret that null would take out", async () => {
    const { id } = await create({ name: "before", tunnel_secret: secret });
    const changed = await cloudflare.result<Tunnel>("PATCH", `${path}/${id}`, { name: "after" });
    assert.equal(changed.name, "after");
    await cloudflare.result("PATCH", `${path}/${id}`, { tunnel_secret: null });
    assert.equal(cloudflare.world.tunnel(id)?.secret, secret);
    const taken = await cloudflare.call("PATCH", `${path}/${id}`, { name: "token" });
    assert.equal(taken.status, 409);
  });

  it("cannot be deleted while connected, and are afterwards shown with the time of it alone", async () => {
    const { id } = await create({ name: "busy" });
    cloudflare.connected.set(id, 2);
    const busy = await cloudflare.result<Tunnel>("GET", `${path}/${id}`);
    assert.deepEqual([busy.status, busy.connections.length], ["healthy", 2]);
    assert.equal(
      (await cloudflare.result<unknown[]>("GET", `${path}/${id}/connections`)).length,
      2,
    );
    const refused = await cloudflare.call("DELETE", `${path}/${id}`);
    assert.deepEqual([refused.status, refused.code], [400, 1022]);
    cloudflare.connected.delete(id);
    assert.equal((await cloudflare.result<Tunnel>("GET", `${path}/${id}`)).status, "down");
    const deleted = await cloudflare.call("DELETE", `${path}/${id}`);
    assert.equal(deleted.status, 200);
    assert.match(String(deleted.headers["content-type"]), /^application\/json/);
    assert.ok((await cloudflare.result<Tunnel>("GET", `${path}/${id}`)).deleted_at);
    for (const [method, of] of [
      ["DELETE", `${path}/${id}`],
      ["GET", `${path}/${id}/token`],
      ["GET", `${path}/${id}/configurations`],
    ] as const)
      assert.equal((await cloudflare.call(method, of)).status, 404, of);
    assert.equal(cloudflare.world.tunnel(id), undefined);
    const listed = await cloudflare.result<Tunnel[]>("GET", `${path}?name=busy&is_deleted=true`);
    assert.ok(listed[0]?.deleted_at);
    for (const query of ["name=busy&is_deleted=false", "name=busy"])
      assert.deepEqual(await cloudflare.result("GET", `${path}?${query}`), [], query);
    await create({ name: "busy" });
  });

  it("echo their configuration exactly, with nothing filled in", async () => {
    const { id } = await create({ name: "echo", config_src: "cloudflare" });
    const at = `${path}/${id}/configurations`;
    assert.equal((await cloudflare.result<{ config: unknown }>("GET", at)).config, null);
    const access = { required: true, teamName: "house", audTag: ["a".repeat(64)] };
    const config = {
      ingress: [
        {
          hostname: "typeo.example.net",
          path: "^/api",
          service: "http://typeo.apps.svc:8080",
          originRequest: { noTLSVerify: true, connectTimeout: 30, access },
        },
        { hostname: "*.example.net", service: "https://gateway.svc" },
        { service: "http_status:404" },
      ],
      originRequest: {},
    };
    await cloudflare.result("PUT", at, { config });
    const read = await cloudflare.result<{ config: unknown; version: number }>("GET", at);
    assert.deepEqual(read.config, config);
    assert.equal(read.version, 1);
    assert.deepEqual(cloudflare.world.tunnel(id)?.ingress, [
      {
        ...{ hostname: "typeo.example.net", path: "^/api", service: "http://typeo.apps.svc:8080" },
        originRequest: { access },
      },
      ...[{ hostname: "*.example.net", service: "https://gateway.svc" }],
      { service: "http_status:404" },
    ]);
    await cloudflare.result("PATCH", `${path}/${id}`, { config_src: "local" });
    assert.deepEqual(cloudflare.world.tunnel(id)?.ingress, []);
  });

  const last = { service: "http_status:404" };
  for (const [what, ingress] of Object.entries({
    "no catch-all at the end": [{ hostname: "a.example.net", service: "http://a" }],
    "rules behind a catch-all": [{ service: "http://a" }, last],
    "a host name with a port": [{ hostname: "a.example.net:80", service: "http://a" }, last],
    "a wildcard inside a name": [{ hostname: "a.*.net", service: "http://a" }, last],
    "a broken path": [{ hostname: "a.example.net", path: "(", service: "http://a" }, last],
    "an unknown service": [{ hostname: "a.example.net", service: "gopher://a" }, last],
    "a service without a scheme": [{ hostname: "a.example.net", service: "a:80" }, last],
    "a service with a path": [{ hostname: "a.example.net", service: "http://a/b" }, last],
    "a status that is none": [{ service: "http_status:4" }],
    "applications of no team": [
      {
        ...{ hostname: "a.example.net", service: "http://a" },
        originRequest: { access: { required: true, audTag: ["1"] } },
      },
      last,
    ],
    "no service": [{ hostname: "a.example.net" }, last],
    "no rules": [],
  }))
    it(`refuse ${what}`, async () => {
      const { id } = await create({ name: what, config_src: "cloudflare" });
      const at = `${path}/${id}/configurations`;
      const refused = await cloudflare.call("PUT", at, { config: { ingress } });
      assert.deepEqual([refused.status, refused.code], [400, 1056]);
    });

  it("are there again after a restart", async () => {
    const { id } = await create({ name: "kept", tunnel_secret: secret });
    await cloudflare.stop();
    await cloudflare.start();
    assert.equal((await cloudflare.result<Tunnel>("GET", `${path}/${id}`)).name, "kept");
    assert.equal(cloudflare.world.tunnel(id)?.secret, secret);
  });
});
