import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { cloudflareLeftovers, dropConnections } from "../../../scripts/departure/cloudflare.ts";

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
      { id: "t1", name: "home" },
      { id: "t2", name: "home", deleted_at: "2026-01-01T00:00:00Z" },
      { id: "t3", name: "cabin" },
    ],
    "/zones/z/dns_records": [
      ...others,
      { id: "r1", name: "typeo.example.net", content: "t1.cfargotunnel.com" },
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
});
