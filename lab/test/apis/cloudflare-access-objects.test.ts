import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ownerToken, TestCloudflare } from "./cloudflare-client.ts";

interface Named {
  readonly id: string;
  readonly name: string;
}
interface Application extends Named {
  readonly aud: string;
  readonly domain: string;
  readonly policies: readonly { readonly id: string; readonly precedence: number }[];
}
interface ServiceToken extends Named {
  readonly client_id: string;
  readonly client_secret: string;
  readonly expires_at: string;
}

const everyone = { name: "all", decision: "allow", include: [{ everyone: {} }] };

describe("Cloudflare's Access objects", () => {
  const cloudflare = new TestCloudflare();
  const [apps, policies, tokens] = [
    ...["{a}/access/apps", "{a}/access/policies", "{a}/access/service_tokens"],
  ] as [string, string, string];
  before(() => cloudflare.start());
  after(() => cloudflare.end());

  const make = <T = Named>(path: string, body: object, token?: string): Promise<T> =>
    cloudflare.result("POST", path, body, token);
  const app = (domain: string, rest: object = {}): object => ({
    ...{ name: domain, type: "self_hosted", domain, session_duration: "24h" },
    ...{ app_launcher_visible: true, http_only_cookie_attribute: true, policies: [], ...rest },
  });
  const refused = async (method: string, path: string, body?: object): Promise<string> => {
    const { status, code, envelope } = await cloudflare.call(method, path, body);
    assert.deepEqual([status, code], [400, 12130], JSON.stringify(envelope));
    return envelope.errors[0]?.message ?? "";
  };

  it("echo a policy in its own order, and nothing empty that was not sent", async () => {
    const sent = {
      name: "people",
      decision: "allow",
      include: [
        { email: { email: "Ada@example.net" } },
        { email_domain: { domain: "example.org" }, everyone: null },
      ],
      require: [{ ip: { ip: "192.0.2.0/24" } }],
      exclude: null,
      session_duration: "24h",
    };
    const { id } = await make(policies, sent);
    const read = await cloudflare.result<Record<string, unknown>>("GET", `${policies}/${id}`);
    const { created_at, updated_at, ...rest } = read;
    assert.equal(created_at, updated_at);
    assert.deepEqual(rest, {
      ...{ id, name: "people", decision: "allow", session_duration: "24h", reusable: true },
      include: [
        { email: { email: "Ada@example.net" } },
        { email_domain: { domain: "example.org" } },
      ],
      require: sent.require,
    });
    await cloudflare.result("PUT", `${policies}/${id}`, { ...sent, require: null });
    const put = await cloudflare.result<object>("GET", `${policies}/${id}`);
    assert.ok(!("require" in put));
  });

  it("refuse rules that mean nothing", async () => {
    const policy = (include: unknown, rest: object = {}): Promise<string> =>
      refused("POST", policies, { ...everyone, include, ...rest });
    await policy([]);
    await policy([{ everyone: {}, email: { email: "a@example.net" } }]);
    await policy([{ email: { email: "nobody" } }]);
    await policy([{ ip: { ip: "300.1.1.1" } }]);
    await policy([{ service_token: { token_id: "none" } }]);
    await policy([{ group: { id: "constructor" } }]);
    await policy([{ everyone: {} }], { decision: "maybe" });
    await policy([{ everyone: {} }], { session_duration: "a day" });
    assert.match(await policy([{ geo: { country_code: "NL" } }]), /does not decide by 'geo'/);
  });

  it("show an application with its policies in full, in the order and with the places sent", async () => {
    const one = await make(policies, { ...everyone, name: "one" });
    const two = await make(policies, { ...everyone, name: "two", decision: "deny" });
    const sent = app("full.example.net", {
      policies: [
        { id: two.id, precedence: 1 },
        { id: one.id, precedence: 2 },
      ],
    });
    const { id } = await make(apps, sent);
    const read = await cloudflare.result<Application>("GET", `${apps}/${id}`);
    assert.match(read.aud, /^[0-9a-f]{64}$/);
    assert.deepEqual(
      read.policies.map((policy) => [
        policy.id,
        policy.precedence,
        (policy as unknown as Named).name,
      ]),
      [
        [two.id, 1, "two"],
        [one.id, 2, "one"],
      ],
    );
    const { aud, created_at, updated_at, ...rest } = { created_at: "", updated_at: "", ...read };
    assert.deepEqual({ ...rest, policies: [] }, { ...app("full.example.net"), id });
    const put = await cloudflare.result<Application>("PUT", `${apps}/${id}`, {
      ...sent,
      ...{ policies: [one.id], tags: null, aud: "0" },
    });
    assert.deepEqual([put.aud, put.policies[0]?.precedence], [aud, 1]);
    assert.ok(created_at <= updated_at);
    assert.match(await refused("DELETE", `${policies}/${one.id}`), /'full\.example\.net'/);
    const deleted = await cloudflare.call("DELETE", `${apps}/${id}`);
    assert.match(String(deleted.headers["content-type"]), /^application\/json/);
    assert.equal((await cloudflare.call("GET", `${apps}/${id}`)).status, 404);
    await cloudflare.result("DELETE", `${policies}/${one.id}`);
    assert.equal((await cloudflare.call("DELETE", `${policies}/${one.id}`)).status, 404);
  });

  it("keep an application's domain to itself and inside the zone", async () => {
    const { id } = await make(apps, app("own.example.net"));
    for (const domain of ["own.example.net", "OWN.example.net/"]) {
      const twice = await cloudflare.call("POST", apps, app(domain));
      assert.deepEqual([twice.status, twice.code], [409, 11010]);
      assert.equal(twice.headers["x-should-retry"], "false");
    }
    await cloudflare.result("PUT", `${apps}/${id}`, app("own.example.net", { name: "again" }));
    await make("{z}/access/apps", app("own.example.net/path"));
    assert.match(await refused("POST", apps, app("own.example.org")), /zone example\.net/);
    await refused("POST", apps, app("a b"));
    await refused("POST", apps, { ...app("x.example.net"), type: "bookmark" });
    await refused("POST", apps, app("x.example.net", { domain: undefined }));
    const unknown = { policies: [{ id: "none", precedence: 1 }] };
    await refused("POST", apps, app("x.example.net", unknown));
    const { id: policy } = await make(policies, everyone);
    const same = [
      { id: policy, precedence: 1 },
      { ...everyone, precedence: 1 },
    ];
    assert.match(await refused("POST", apps, app("x.example.net", { policies: same })), /unique/);
    await refused("POST", apps, app("x.example.net", { tags: ["unknown"] }));
    await refused("POST", apps, app("x.example.net", { allowed_idps: ["unknown"] }));
  });

  it("tell the secret of a client of OpenID Connect once, and keep its id", async () => {
    interface Client {
      readonly client_id: string;
      readonly client_secret?: string;
    }
    type SaaS = Named & { readonly saas_app: Client };
    const saas_app = {
      auth_type: "oidc",
      redirect_uris: ["https://grafana.home.arpa/login/generic_oauth"],
      grant_types: ["authorization_code"],
      ...{ scopes: ["openid", "email"], access_token_lifetime: "8h" },
    };
    const sent = { name: "Grafana", type: "saas", session_duration: "8h", saas_app, policies: [] };
    const { id, saas_app: made } = await make<SaaS>(apps, sent);
    assert.match(made.client_id, /^[0-9a-f]{64}$/);
    assert.match(made.client_secret ?? "", /^[0-9a-f]{64}$/);
    const read = await cloudflare.result<SaaS>("GET", `${apps}/${id}`);
    assert.deepEqual(read.saas_app, { ...saas_app, client_id: made.client_id });
    const other = { ...saas_app, client_id: "mine", client_secret: "mine" };
    const put = await cloudflare.result<SaaS>("PUT", `${apps}/${id}`, { ...sent, saas_app: other });
    assert.deepEqual(put.saas_app, { ...saas_app, client_id: made.client_id });
    const kept = readFileSync(join(cloudflare.folder, "cloudflare.json"), "utf8");
    assert.ok(!kept.includes(made.client_secret ?? "mine"));
    const wrong = (change: object): Promise<string> =>
      refused("POST", apps, { ...sent, saas_app: { ...saas_app, ...change } });
    await wrong({ auth_type: "saml" });
    await wrong({ redirect_uris: [] });
    await wrong({ grant_types: ["implicit"] });
    await wrong({ scopes: ["offline_access"] });
    assert.match(await wrong({ access_token_lifetime: "48h" }), /1m to 24h/);
    const twin = await make<SaaS>(apps, sent);
    assert.notEqual(twin.saas_app.client_id, made.client_id);
  });

  it("end what was issued for an application, and remember it", async () => {
    const { id } = await make(apps, app("ended.example.net"));
    const revokedAt = () => cloudflare.world.application("ended.example.net", "/")?.revokedAt;
    assert.equal(revokedAt(), undefined);
    const before = Date.now();
    await make(`${apps}/${id}/revoke_tokens`, {});
    assert.ok((revokedAt() ?? 0) >= before);
    await cloudflare.result("PUT", `${apps}/${id}`, app("ended.example.net", { name: "other" }));
    assert.ok((revokedAt() ?? 0) >= before);
    assert.equal((await cloudflare.call("POST", `${apps}/none/revoke_tokens`, {})).status, 404);
  });

  it("tell a service token's secret once and keep its hash", async () => {
    const sent = { name: "ci", duration: "8760h", client_secret_version: 1 };
    const made = await make<ServiceToken>(tokens, sent);
    assert.match(made.client_id, /^[0-9a-f]{32}\.access$/);
    assert.match(made.client_secret, /^[0-9a-f]{64}$/);
    const left = Date.parse(made.expires_at) - Date.now();
    assert.ok(Math.abs(left - 8760 * 3_600_000) < 60_000);
    const read = await cloudflare.result<ServiceToken>("GET", `${tokens}/${made.id}`);
    assert.ok(!("client_secret" in read));
    const state = readFileSync(join(cloudflare.folder, "cloudflare.json"), "utf8");
    assert.ok(state.includes(made.client_id) && !state.includes(made.client_secret));
    const { world } = cloudflare;
    assert.deepEqual(world.serviceToken(made.client_id, made.client_secret), {
      ...{ id: made.id, name: "ci" },
    });
    assert.equal(world.serviceToken(made.client_id, "wrong"), undefined);
    assert.equal(world.serviceToken("unknown", made.client_secret), undefined);
    await cloudflare.result("PUT", `${tokens}/${made.id}`, { ...sent, duration: "0h" });
    assert.equal(world.serviceToken(made.client_id, made.client_secret), undefined);
  });

  it("roll a secret with its version, the old one good until its date", async () => {
    const made = await make<ServiceToken>(tokens, { name: "roll", duration: "8760h" });
    const next = { name: "roll", duration: "8760h", client_secret_version: 2 };
    assert.match(await refused("PUT", `${tokens}/${made.id}`, next), /previous_client_secret/);
    const good = (secret: string): boolean =>
      cloudflare.world.serviceToken(made.client_id, secret) !== undefined;
    const rolled = await cloudflare.result<ServiceToken>("PUT", `${tokens}/${made.id}`, {
      ...next,
      previous_client_secret_expires_at: new Date(Date.now() + 3_600_000).toISOString(),
    });
    assert.deepEqual([good(made.client_secret), good(rolled.client_secret)], [true, true]);
    const rotated = await make<ServiceToken>(`${tokens}/${made.id}/rotate`, {});
    assert.deepEqual([good(rolled.client_secret), good(rotated.client_secret)], [false, true]);
    await make(`${tokens}/${made.id}/refresh`, {});
    assert.ok(good(rotated.client_secret));
    const include = [{ service_token: { token_id: made.id } }];
    const policy = await make(policies, { ...everyone, decision: "non_identity", include });
    await refused("DELETE", `${tokens}/${made.id}`);
    await cloudflare.result("DELETE", `${policies}/${policy.id}`);
    await cloudflare.result("DELETE", `${tokens}/${made.id}`);
  });

  it("keep no secret of an identity provider", async () => {
    const path = "{a}/access/identity_providers";
    const sent = {
      name: "GitHub",
      type: "github",
      config: { client_id: "x", client_secret: "hidden" },
    };
    const { id } = await make(path, sent, ownerToken);
    const read = await cloudflare.result("GET", `${path}/${id}`, undefined, ownerToken);
    assert.deepEqual((read as { config: unknown }).config, { client_id: "x" });
    const pin = { name: "PIN", type: "onetimepin", config: {} };
    await make(path, pin, ownerToken);
    const again = await cloudflare.call("POST", path, pin, `Bearer ${ownerToken}`);
    assert.equal(again.status, 409);
  });

  it("resolve groups for the edge, and refuse those that are no plain list", async () => {
    const groups = "{a}/access/groups";
    const members = [{ email: { email: "b@example.net" } }, { email: { email: "a@example.net" } }];
    const group = await make(groups, { name: "g", include: members }, ownerToken);
    const read = await cloudflare.result("GET", `${groups}/${group.id}`, undefined, ownerToken);
    assert.deepEqual((read as { include: unknown }).include, members);
    const include = [{ group: { id: group.id } }];
    const policy = await make(policies, { ...everyone, include });
    await make(apps, app("grouped.example.net", { policies: [policy.id] }));
    assert.deepEqual(cloudflare.world.application("grouped.example.net", "/")?.policies, [
      { id: policy.id, decision: "allow", include: members, exclude: [], require: [] },
    ]);
    const all = await refused("POST", policies, { ...everyone, require: include });
    assert.match(all, /required group/);
    const put = { name: "g", include: members, exclude: [{ everyone: {} }] };
    const changed = await cloudflare.call(
      "PUT",
      `${groups}/${group.id}`,
      put,
      `Bearer ${ownerToken}`,
    );
    assert.deepEqual([changed.status, changed.code], [400, 12130]);
    const gone = await cloudflare.call(
      "DELETE",
      `${groups}/${group.id}`,
      undefined,
      `Bearer ${ownerToken}`,
    );
    assert.equal(gone.status, 400);
  });

  it("give the edge the closest application with its policies by precedence", async () => {
    const closest = (host: string, path: string): string | undefined =>
      cloudflare.world.application(host, path)?.domain;
    for (const domain of ["*.near.example.net", "a.near.example.net", "a.near.example.net/deep/er"])
      await make(apps, app(domain));
    assert.equal(closest("b.near.example.net", "/"), "*.near.example.net");
    assert.equal(closest("near.example.net", "/"), undefined);
    assert.equal(closest("A.near.example.net", "/deep/err"), "a.near.example.net");
    assert.equal(closest("a.near.example.net", "/deep/er/x"), "a.near.example.net/deep/er");
    const inline = [
      { ...everyone, precedence: 2 },
      { ...everyone, precedence: 1, decision: "bypass" },
    ];
    await make(apps, app("ordered.example.net", { policies: inline }));
    const seen = cloudflare.world.application("ordered.example.net", "/any");
    assert.equal(seen?.sessionDuration, "24h");
    assert.deepEqual(
      seen.policies.map(({ decision }) => decision),
      ["bypass", "allow"],
    );
  });

  it("are there again after a restart", async () => {
    const { id, aud } = await make<Application>(apps, app("kept.example.net"));
    const token = await make<ServiceToken>(tokens, { name: "kept" });
    await cloudflare.stop();
    await cloudflare.start();
    assert.equal((await cloudflare.result<Application>("GET", `${apps}/${id}`)).aud, aud);
    assert.ok(cloudflare.world.serviceToken(token.client_id, token.client_secret));
  });
});
