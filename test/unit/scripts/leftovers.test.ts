import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  cloudflareLeftovers,
  dropConnections,
  removeAtCloudflare,
} from "../../../components/edge/cloudflare-api.ts";
import type { Leftover } from "../../../components/leftover.ts";
import type { TailnetMemory } from "../../../scripts/departure/accounts.ts";
import { leftovers } from "../../../scripts/departure/leftovers.ts";
import { removeStrays, straysOf } from "../../../scripts/repair/strays.ts";
import type { PendingOperation } from "../../../scripts/state.ts";
import { clientSecret, smallApi, type SmallApi } from "../components/tailnet-api.ts";

describe("what is left in the tailnet", () => {
  let api: SmallApi;
  beforeEach(async () => {
    api = await smallApi();
    api.tailnet.devices = [
      { nodeId: "n1", name: "stone.ts.net", hostname: "stone", tags: ["tag:home-node"] },
      { nodeId: "n2", name: "hut.ts.net", hostname: "hut", tags: ["tag:cabin-node"] },
    ];
    api.tailnet.keys = new Map([
      ["k1", ["tag:home-operator"]],
      ["k2", []],
    ]);
    api.tailnet.clients = new Map([["client", ["tag:home-node"]]]);
    api.tailnet.services = new Map([
      ["svc:home-api", ["tag:home-connector"]],
      ["svc:cabin-api", ["tag:cabin-connector"]],
    ]);
    // As Tailscale's server formats it.
    Object.assign(api.tailnet, { policy: '{\n\t"new": 1,\n}\n', isDefault: false });
  });
  afterEach(() => api.close());

  const left = async (policy: Partial<NonNullable<TailnetMemory["policy"]>> | undefined) => {
    const access = { tailnet: "-", clientId: "client", clientSecret, baseUrl: api.url };
    const owned = { before: "", written: '{"new": 1}', without: "{}", otherTags: [], ...policy };
    const tailnet = { access, ...(policy === undefined ? {} : { policy: owned }) };
    return (await leftovers("home", { tailnet, unseen: [] })).map(
      ({ kind, id }) => `${kind} ${id}`,
    );
  };

  it("are this site's devices, Services and keys, and the policy while it is what this site wrote", async () => {
    const own = ["tailnet device n1", "tailnet Service svc:home-api", "Tailscale auth key k1"];
    assert.deepEqual(await left({}), [...own, "tailnet policy -"]);
    assert.deepEqual(await left(undefined), own, "another stack's policy");
    assert.deepEqual(await left({ before: '{"new": 1}' }), own, "it was so before");
    api.tailnet.policy = '{"old": 1}';
    assert.deepEqual(await left({}), own);
  });
});

describe("what is left at Cloudflare", () => {
  const account = { token: "t", accountId: "a", zoneId: "z" };
  const calls: string[] = [];
  const others = Array.from({ length: 50 }, (_, i) => ({
    id: `o${i}`,
    name: `o${i}`,
    content: "192.0.2.1",
  }));
  const lists: Record<string, object[]> = {
    "/accounts/a/cfd_tunnel": [
      { id: "t1", name: "home", created_at: "2026-01-01T10:00:05Z" },
      { id: "t2", name: "home", deleted_at: "2026-01-01T00:00:00Z" },
      { id: "t3", name: "cabin" },
    ],
    "/zones/z/dns_records": [
      ...others,
      {
        id: "r1",
        name: "typeo.example.net",
        content: "t1.cfargotunnel.com",
        created_on: "2026-01-01T10:00:09Z",
      },
      {
        id: "r2",
        name: "game.example.net",
        content: "t9.cfargotunnel.com",
        comment: "public without Access: fun (site home)",
      },
      {
        id: "r3",
        name: "cabin.example.net",
        content: "t3.cfargotunnel.com",
        comment: "site cabin: cam",
      },
    ],
    "/accounts/a/access/apps": [
      { id: "p1", name: "home: typeo" },
      { id: "p2", name: "homely: x" },
    ],
    "/accounts/a/access/policies": [],
    "/accounts/a/access/service_tokens": [{ id: "s1", name: "home: monitoring" }],
  };
  let server: Server;
  let baseUrl: string;
  before((done) => {
    server = createServer((request, response) => {
      const url = new URL(request.url ?? "", "http://x");
      calls.push(`${request.method ?? ""} ${url.pathname}`);
      const found = lists[url.pathname];
      const page = Number(url.searchParams.get("page"));
      const size = Number(url.searchParams.get("per_page"));
      const fine = request.method === "DELETE" || found !== undefined;
      response.writeHead(fine ? 200 : 403, { "content-type": "application/json" });
      const result = found?.slice((page - 1) * size, page * size) ?? null;
      const errors = fine ? [] : [{ code: 10000, message: "Authentication error" }];
      response.end(JSON.stringify({ success: fine, result, errors }));
    }).listen(0, "127.0.0.1", () => {
      baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      done();
    });
  });
  after((done) => void server.close(done));

  it("names tunnels, records and Access objects of this site, on every page of a list", async () => {
    const found = await cloudflareLeftovers({ ...account, baseUrl }, "home", "t9");
    assert.deepEqual(
      found.map(({ kind, id }) => `${kind} ${id}`),
      [
        "tunnel t1",
        "DNS record r1",
        "DNS record r2",
        "Access application p1",
        "Access service token s1",
      ],
    );
  });

  it("cannot be told when the API refuses, which is an error and not nothing", async () => {
    await assert.rejects(
      cloudflareLeftovers({ ...account, zoneId: "other", baseUrl }, "home"),
      /GET zones\/other\/dns_records: 403, Authentication error \(10000\)/,
    );
  });

  it("loses its connections by a call of its own", async () => {
    await dropConnections({ ...account, baseUrl }, "t1");
    assert.equal(calls.at(-1), "DELETE /accounts/a/cfd_tunnel/t1/connections");
  });

  it("is deleted where its kind stands", async () => {
    const at = { ...account, baseUrl };
    calls.length = 0;
    await removeAtCloudflare(at, { kind: "tunnel", name: "home", id: "t1" });
    await removeAtCloudflare(at, { kind: "DNS record", name: "typeo.example.net", id: "r1" });
    await removeAtCloudflare(at, { kind: "Access application", name: "home: typeo", id: "p1" });
    assert.deepEqual(calls, [
      "DELETE /accounts/a/cfd_tunnel/t1",
      "DELETE /zones/z/dns_records/r1",
      "DELETE /accounts/a/access/apps/p1",
    ]);
    const device = { kind: "tailnet device", name: "d", id: "n1" } as const;
    await assert.rejects(removeAtCloudflare(at, device), /not at Cloudflare/);
  });

  describe("of a killed run", () => {
    const began = Date.parse("2026-01-01T10:00:00Z");
    const pending = (
      type: string,
      inputs: Record<string, unknown>,
      operation: PendingOperation["type"] = "creating",
    ): PendingOperation => ({ type: operation, resource: { urn: "u", type, inputs } });
    const tunnel = pending(
      "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared",
      { name: "home" },
    );
    const record = pending("cloudflare:index/dnsRecord:DnsRecord", { name: "typeo.example.net" });
    const key = pending("tailscale:index/tailnetKey:TailnetKey", { description: "gen-1 stone" });
    const ids = (found: readonly Leftover[]): string[] => found.map(({ id }) => id);

    it("is what it was creating, and nothing that was there before or is the stack's", () => {
      const created = "2026-01-01T10:00:05Z";
      const objects: Leftover[] = [
        { kind: "tunnel", name: "home", id: "t1", created },
        { kind: "tunnel", name: "cabin", id: "t2", created },
        { kind: "DNS record", name: "typeo.example.net", id: "mine", created },
        { kind: "DNS record", name: "typeo.example.net", id: "r1", created },
        { kind: "Access policy", name: "home", id: "p1", created },
        { kind: "Tailscale auth key", name: "gen-1 stone", id: "k1", created },
        { kind: "Tailscale auth key", name: "gen-0 stone", id: "k0", created },
      ];
      const state = {
        resources: [{ urn: "r", type: "t", id: "zone/mine" }],
        pending: [tunnel, record, key],
      };
      const strays = straysOf(state, objects, began);
      assert.deepEqual(ids(strays), ["t1", "r1", "k1"]);
      const early = objects.map((object) => ({ ...object, created: "2026-01-01T09:59:00Z" }));
      assert.deepEqual(straysOf(state, early, began), []);
      const undated = objects.map(({ kind, name, id }) => ({ kind, name, id }));
      assert.deepEqual(straysOf(state, undated, began), []);
      assert.deepEqual(straysOf(state, objects, Number.NaN), []);
      const updating = pending(tunnel.resource.type, { name: "home" }, "updating");
      assert.deepEqual(straysOf({ ...state, pending: [updating] }, objects, began), []);
    });

    it("is removed, and told", async () => {
      calls.length = 0;
      const said: string[] = [];
      const state = {
        deployment: { version: 3, deployment: {} },
        resources: [],
        pending: [tunnel, record],
      };
      const outside = { cloudflare: { ...account, baseUrl }, unseen: [] };
      await removeStrays("home", state, outside, began, (text) => said.push(text));
      assert.deepEqual(
        calls.filter((call) => call.startsWith("DELETE")),
        ["DELETE /accounts/a/cfd_tunnel/t1", "DELETE /zones/z/dns_records/r1"],
      );
      assert.match(said[0] ?? "", /removing tunnel home \(t1\), created by a killed run/);
    });

    it("does not stop the next run when it cannot be seen", async () => {
      const said: string[] = [];
      const state = {
        deployment: { version: 3, deployment: {} },
        resources: [],
        pending: [tunnel],
      };
      const outside = { cloudflare: { ...account, accountId: "other", baseUrl }, unseen: [] };
      await removeStrays("home", state, outside, began, (text) => said.push(text));
      assert.match(said.join(), /could not be removed .*403, Authentication error.*doctor/);
    });
  });
});
