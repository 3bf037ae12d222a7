import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { FaultEffectNow } from "../../world/faults.ts";
import { apiToken, ownerToken, TestCloudflare, zoneId } from "./cloudflare-client.ts";

describe("Cloudflare's API", () => {
  const cloudflare = new TestCloudflare();
  before(() => cloudflare.start());
  after(() => cloudflare.end());
  afterEach(() => {
    cloudflare.faults = { consult: () => Promise.resolve() };
  });

  const failOnce = (service: string, effect: FaultEffectNow): void => {
    let left = 1;
    cloudflare.faults = {
      consult: (asked) => Promise.resolve(asked === service && left-- > 0 ? effect : undefined),
    };
  };

  it("tells a missing, a malformed and a wrong token apart", async () => {
    const ask = async (authorization: string, path = "zones"): Promise<unknown[]> => {
      const { status, code } = await cloudflare.call("GET", path, undefined, authorization);
      return [status, code];
    };
    assert.deepEqual(await ask(""), [400, 9106]);
    assert.deepEqual(await ask("Bearer "), [400, 6003]);
    assert.deepEqual(await ask("Bearer short"), [400, 6003]);
    assert.deepEqual(await ask(`Bearer ${"x".repeat(40)}`), [403, 9109]);
    assert.deepEqual(await ask(`Bearer ${"x".repeat(40)}`, "user/tokens/verify"), [401, 1000]);
  });

  it("lets the site's token do what it needs and no more", async () => {
    const verified = await cloudflare.call("GET", "user/tokens/verify");
    assert.equal(verified.status, 200);
    assert.equal((verified.envelope.result as { status: string }).status, "active");
    assert.equal(verified.envelope.messages.length, 1);
    for (const path of ["zones", "{z}/dns_records", "{a}/cfd_tunnel", "{a}/access/apps"])
      assert.equal((await cloudflare.call("GET", path)).status, 200, path);
    for (const [method, path, code] of [
      ["POST", "user/tokens", 9109],
      ["GET", "user/tokens/0123", 9109],
      ["GET", "user/tokens/permission_groups", 9109],
      ["GET", "{z}/settings/ssl", 10000],
      ["GET", "{a}/access/groups", 10000],
      ["POST", "{a}/access/identity_providers", 10000],
    ] as const) {
      const refused = await cloudflare.call(method, path, method === "POST" ? {} : undefined);
      assert.deepEqual([refused.status, refused.code], [403, code], path);
    }
  });

  it("lists the permission groups to who may see them", async () => {
    const groups = await cloudflare.result<{ id: string; name: string; scopes: string[] }[]>(
      ...(["GET", "user/tokens/permission_groups", undefined, ownerToken] as const),
    );
    const write = groups.find(({ name }) => name === "DNS Write");
    assert.match(write?.id ?? "", /^[0-9a-f]{32}$/);
    assert.deepEqual(write?.scopes, ["com.cloudflare.api.account.zone"]);
  });

  it("refuses what is not its own: unknown paths, malformed ids, other accounts and zones", async () => {
    const ask = async (path: string): Promise<unknown[]> => {
      const { status, code, envelope } = await cloudflare.call("GET", path);
      assert.equal(envelope.success, false);
      assert.equal(envelope.result, null);
      return [status, code];
    };
    assert.deepEqual(await ask("{z}/rulesets"), [400, 7000]);
    assert.deepEqual(await ask("zones/nothing"), [400, 7003]);
    assert.deepEqual(await ask(`zones/${"c".repeat(32)}`), [403, 9109]);
    assert.deepEqual(await ask(`accounts/${"c".repeat(32)}/cfd_tunnel`), [403, 10000]);
    const broken = await cloudflare.call("POST", "{z}/dns_records", '{"secret');
    assert.deepEqual([broken.status, broken.code], [400, 6007]);
    assert.doesNotMatch(broken.envelope.errors[0]?.message ?? "", /secret/);
  });

  it("finds the zone by its name, and ends its pages", async () => {
    const found = await cloudflare.call("GET", "zones/?name=example.net&status=active");
    const [zone, ...more] = found.envelope.result as { id: string; name_servers: string[] }[];
    assert.equal(zone?.id, zoneId);
    assert.equal(more.length, 0);
    assert.equal(zone?.name_servers.length, 2);
    assert.deepEqual(await cloudflare.result("GET", "zones?name=example.org"), []);
    const second = await cloudflare.call("GET", "zones?page=2");
    assert.deepEqual(second.envelope.result, []);
    assert.equal(second.envelope.result_info?.total_pages, 1);
    assert.equal((await cloudflare.call("GET", "zones?colour=red")).status, 400);
    assert.deepEqual(await cloudflare.result("GET", "{z}"), zone);
  });

  it("changes a zone's settings within their values", async () => {
    const set = (value: unknown): ReturnType<typeof cloudflare.call> =>
      cloudflare.call("PATCH", "{z}/settings/min_tls_version", { value }, `Bearer ${ownerToken}`);
    assert.deepEqual((await set("1.2")).envelope.result, {
      ...{ id: "min_tls_version", value: "1.2", editable: true },
    });
    assert.equal((await set("1.9")).status, 400);
  });

  it("fails as it is told, with the time to wait", async () => {
    failOnce("cloudflare", { status: 429, body: "slower", retryAfterSeconds: 7 });
    const limited = await cloudflare.call("GET", "zones");
    assert.deepEqual([limited.status, limited.code], [429, 971]);
    assert.equal(limited.headers["retry-after"], "7");
    failOnce("cloudflare", { status: 500, body: "no luck" });
    const failed = await cloudflare.call("GET", "zones");
    assert.equal(failed.status, 500);
    assert.equal(failed.envelope.errors[0]?.message, "no luck");
    failOnce("cloudflare", "cut");
    await assert.rejects(cloudflare.call("GET", "zones"), { code: "ECONNRESET" });
  });

  it("leaves a duplicate when a create's answer is lost and the create is sent again", async () => {
    const policy = { name: "lost", decision: "allow", include: [{ everyone: {} }] };
    failOnce("cloudflare", "lose");
    await assert.rejects(cloudflare.call("POST", "{a}/access/policies", policy), {
      code: "ECONNRESET",
    });
    await cloudflare.result("POST", "{a}/access/policies", policy);
    const policies = await cloudflare.result<unknown[]>("GET", "{a}/access/policies?name=lost");
    assert.equal(policies.length, 2);
    const log = readFileSync(join(cloudflare.folder, "access.log"), "utf8");
    assert.equal(log.match(/POST .*\/access\/policies /g)?.length, 2);
  });

  it("logs neither queries nor tokens, and keeps its state to itself", async () => {
    await cloudflare.call("GET", "zones?name=example.net");
    const log = readFileSync(join(cloudflare.folder, "access.log"), "utf8");
    assert.match(log, /api\.cloudflare\.com GET \/client\/v4\/zones 200/);
    assert.doesNotMatch(log, new RegExp(`${apiToken}|name=`));
    assert.equal(statSync(join(cloudflare.folder, "cloudflare.json")).mode & 0o777, 0o600);
  });

  it("shuts a token out that calls too often, and no other", async () => {
    const limited = new TestCloudflare({ rateLimit: { requests: 3, seconds: 300 } });
    await limited.start();
    try {
      for (let sent = 0; sent < 3; sent += 1)
        assert.equal((await limited.call("GET", "zones")).status, 200);
      const refused = await limited.call("GET", "zones");
      assert.deepEqual([refused.status, refused.code], [429, 971]);
      assert.ok(Number(refused.headers["retry-after"]) > 290);
      const verify = ["GET", "user/tokens/verify", undefined, `Bearer ${ownerToken}`] as const;
      assert.equal((await limited.call(...verify)).status, 200);
    } finally {
      await limited.end();
    }
  });
});
