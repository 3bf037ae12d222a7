import assert from "node:assert/strict";
import { TestCloudflare } from "./cloudflare-client.ts";

interface DnsRecord {
  readonly id: string;
  readonly name: string;
  readonly content: string;
  readonly comment: string | null;
}

describe("Cloudflare's DNS records", () => {
  const cloudflare = new TestCloudflare();
  const path = "{z}/dns_records";
  before(() => cloudflare.start());
  after(() => cloudflare.end());

  const create = (body: object): Promise<DnsRecord> => cloudflare.result("POST", path, body);
  const refusal = async (body: object): Promise<[number, number | undefined]> => {
    const { status, code } = await cloudflare.call("POST", path, body);
    return [status, code];
  };

  it("are echoed as sent, the name in full, with nothing filled in that shows as a change", async () => {
    const sent = { content: "192.0.2.1", proxied: false, ttl: 300, type: "A" };
    const { id } = await create({ ...sent, name: "short", comment: "by hand" });
    const read = await cloudflare.result<Record<string, unknown>>("GET", `${path}/${id}`);
    const { created_on, modified_on, ...rest } = read;
    assert.ok(Date.parse(String(created_on)) <= Date.parse(String(modified_on)));
    assert.deepEqual(rest, {
      ...{ ...sent, id, name: "short.example.net", comment: "by hand" },
      ...{ proxiable: true, tags: [], settings: {}, meta: {} },
    });
    assert.ok(!("priority" in read) && !("data" in read));
    const at = await create({ ...sent, name: "@", content: "2001:DB8::0001", type: "AAAA" });
    assert.deepEqual([at.name, at.content], ["example.net", "2001:DB8::0001"]);
    const txt = await create({ type: "TXT", name: "t.example.net", content: '"v=1"', ttl: 60 });
    assert.equal(txt.content, '"v=1"');
  });

  it("are replaced by PUT, changed in part by PATCH, and answered with JSON when deleted", async () => {
    const { id } = await create({ type: "A", name: "u", content: "192.0.2.1", comment: "old" });
    const one = `${path}/${id}`;
    const put = { type: "CNAME", name: "u", content: "target.example.org", comment: null };
    const settings = { flatten_cname: false };
    const replaced = await cloudflare.result<DnsRecord>("PUT", one, { ...put, settings });
    assert.deepEqual([replaced.content, replaced.comment], ["target.example.org", null]);
    await cloudflare.result("PATCH", one, { comment: "new" });
    const patched = await cloudflare.result<DnsRecord>("PATCH", one, { proxied: true });
    assert.deepEqual([patched.content, patched.comment], ["target.example.org", "new"]);
    const deleted = await cloudflare.call("DELETE", one);
    assert.deepEqual([deleted.status, deleted.envelope.result], [200, { id }]);
    assert.match(String(deleted.headers["content-type"]), /^application\/json/);
    for (const method of ["GET", "DELETE", "PUT"])
      assert.equal((await cloudflare.call(method, one)).status, 404);
  });

  it("are listed by name, type and content", async () => {
    await create({ type: "TXT", name: "l", content: "one" });
    await create({ type: "TXT", name: "l", content: "two" });
    const list = (query: string): Promise<DnsRecord[]> =>
      cloudflare.result("GET", `${path}?${query}`);
    assert.equal((await list("name=l.example.net&type=TXT")).length, 2);
    assert.equal((await list("name.exact=l.example.net&content=two")).length, 1);
    assert.equal((await list("name=l.example.net&per_page=1&page=2"))[0]?.content, "two");
    assert.equal((await list("name=l.example.net&page=2")).length, 0);
  });

  it("do not stand beside what excludes them", async () => {
    await create({ type: "A", name: "a", content: "192.0.2.1" });
    await create({ type: "A", name: "a", content: "192.0.2.2" });
    const twice = { type: "A", name: "A.example.net", content: "192.0.2.1" };
    assert.deepEqual(await refusal(twice), [400, 81058]);
    const beside = { type: "CNAME", name: "a", content: "b.example.org" };
    assert.deepEqual(await refusal(beside), [400, 81053]);
    await create({ type: "CNAME", name: "c", content: "b.example.org" });
    assert.deepEqual(await refusal({ ...twice, name: "c" }), [400, 81054]);
    await create({ type: "TXT", name: "c", content: "beside a CNAME" });
  });

  for (const [what, body, code] of [
    ["an A that is no IPv4 address", { type: "A", content: "2001:db8::1" }, 9005],
    ["an AAAA that is no IPv6 address", { type: "AAAA", content: "192.0.2.1" }, 9006],
    ["a CNAME that is no name", { type: "CNAME", content: "a b" }, 9007],
    ["a CNAME of itself", { type: "CNAME", content: "bad.example.net." }, 9039],
    ["an MX without priority", { type: "MX", content: "mail.example.net" }, 9100],
    ["an MX that is no name", { type: "MX", content: "-", priority: 1 }, 9009],
    ["an empty TXT", { type: "TXT", content: "" }, 9015],
    ["a CAA without quotes", { type: "CAA", content: "0 issue ca.example" }, 9102],
    ["an unknown type", { type: "LOC", content: "x" }, 9004],
    ["a name that is none", { type: "A", content: "192.0.2.1", name: "a..b" }, 9000],
    ["a short time to live", { type: "A", content: "192.0.2.1", ttl: 59 }, 9021],
    ["a long time to live", { type: "A", content: "192.0.2.1", ttl: 86_401 }, 9021],
    ["a proxied TXT", { type: "TXT", content: "x", proxied: true }, 9041],
    [
      "a proxied one with a time",
      { type: "A", content: "192.0.2.1", proxied: true, ttl: 60 },
      9021,
    ],
    ["a proxied private address", { type: "A", content: "192.168.1.1", proxied: true }, 9003],
    ["tags on the free plan", { type: "A", content: "192.0.2.1", tags: ["a:b"] }, 9300],
    ["no type", { content: "192.0.2.1" }, 1004],
  ] as const)
    it(`refuse ${what}`, async () => {
      assert.deepEqual(await refusal({ name: "bad", ...body }), [400, code]);
    });

  it("take their content from data where the type has it", async () => {
    const caa = await create({
      ...{ type: "CAA", name: "@", data: { flags: 0, tag: "issue", value: "ca.example" } },
    });
    assert.equal(caa.content, '0 issue "ca.example"');
    const data = { priority: 1, weight: 2, port: 443, target: "srv.example.net" };
    const srv = await create({ type: "SRV", name: "_x._tcp", data });
    assert.equal(srv.content, "1 2 443 srv.example.net");
    assert.ok(!("priority" in srv));
  });

  it("tell the edge of every change until it stops listening", async () => {
    let changes = 0;
    const stop = cloudflare.world.onChange(() => (changes += 1));
    const { id } = await create({
      type: "CNAME",
      name: "w",
      content: "x.example.org",
      proxied: true,
    });
    assert.deepEqual(
      cloudflare.world.records().find(({ name }) => name === "w.example.net"),
      { name: "w.example.net", type: "CNAME", content: "x.example.org", proxied: true },
    );
    await cloudflare.call("GET", `${path}/${id}`);
    assert.equal(changes, 1);
    stop();
    await cloudflare.call("DELETE", `${path}/${id}`);
    assert.equal(changes, 1);
  });
});
