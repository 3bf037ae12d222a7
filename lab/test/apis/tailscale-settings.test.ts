import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { noFaults } from "../../world/faults.ts";
import { TestTailnet, openPolicy } from "./tailscale-server.ts";

describe("Tailscale's API", () => {
  const tailnet = new TestTailnet();
  before(async () => {
    await tailnet.start();
    await tailnet.policy(openPolicy);
  });
  after(() => tailnet.stop());
  afterEach(() => {
    tailnet.faults = noFaults;
  });

  const get = (path: string): Promise<unknown> =>
    tailnet.json(tailnet.send("GET", `tailnet/-/${path}`));
  const send = (method: string, path: string, body: unknown): Promise<unknown> =>
    tailnet.json(tailnet.send(method, `tailnet/-/${path}`, body));

  it("has nameservers, search paths and preferences, each in its own form", async () => {
    const dns = ["9.9.9.9", "2620:fe::fe", "https://dns.example.net/query"];
    assert.deepEqual(await get("dns/preferences"), { magicDNS: true });
    assert.deepEqual(await send("POST", "dns/nameservers", { dns }), { dns, magicDNS: true });
    assert.deepEqual(await get("dns/nameservers"), { dns });
    const paths = { searchPaths: ["home.arpa", "example.net"] };
    assert.deepEqual(await send("POST", "dns/searchpaths", paths), paths);
    assert.deepEqual(await get("dns/searchpaths"), paths);
    assert.deepEqual(await send("POST", "dns/preferences", { magicDNS: false }), {
      magicDNS: false,
    });
    assert.deepEqual(await get("dns/preferences"), { magicDNS: false });
    await send("POST", "dns/nameservers", { dns: [] });
    assert.deepEqual(await get("dns/nameservers"), { dns: [] });
  });

  it("merges split DNS by PATCH, replaces it by PUT, and an empty list takes a domain out", async () => {
    const url = "dns/split-dns";
    await send("PATCH", url, { "home.arpa": ["192.168.1.1"], "lan.example.net": ["192.168.2.1"] });
    assert.deepEqual(await send("PATCH", url, { "home.arpa": [] }), {
      "lan.example.net": ["192.168.2.1"],
    });
    assert.deepEqual(await send("PATCH", url, { "lan.example.net": null }), {});
    await send("PATCH", url, { a: ["192.168.1.1"] });
    assert.deepEqual(await send("PUT", url, { b: ["192.168.1.2"] }), { b: ["192.168.1.2"] });
    assert.deepEqual(await get(url), { b: ["192.168.1.2"] });
  });

  it("has one DNS configuration over the same settings", async () => {
    const configuration = {
      nameservers: [{ address: "9.9.9.9", useWithExitNode: true }],
      splitDNS: { "c.d": [{ address: "10.0.0.1" }] },
      searchPaths: ["c.d"],
      preferences: { overrideLocalDNS: true, magicDNS: true },
    };
    assert.deepEqual(await send("POST", "dns/configuration", configuration), configuration);
    assert.deepEqual(await get("dns/configuration"), configuration);
    assert.deepEqual(await get("dns/nameservers"), { dns: ["9.9.9.9"] });
    assert.deepEqual(await get("dns/split-dns"), { "c.d": ["10.0.0.1"] });
    assert.deepEqual(await send("POST", "dns/configuration", { preferences: {} }), {
      ...{ nameservers: [], splitDNS: {}, searchPaths: [] },
      preferences: { overrideLocalDNS: false, magicDNS: false },
    });
  });

  for (const [path, method, body] of [
    ["dns/nameservers", "POST", { dns: ["dns.example.net"] }],
    ["dns/searchpaths", "POST", { searchPaths: ["a b"] }],
    ["dns/preferences", "POST", { magicDNS: "on" }],
    ["dns/split-dns", "PATCH", { "a b": ["192.168.1.1"] }],
    ["dns/split-dns", "PATCH", { "home.arpa": ["192.168.1.999"] }],
    ["dns/configuration", "POST", { preferences: { color: 1 } }],
    ["settings", "PATCH", { httpsEnabled: "yes" }],
    ["settings", "PATCH", { devicesKeyDurationDays: 181 }],
    ["settings", "PATCH", { color: 1 }],
  ] as const)
    it(`refuses ${JSON.stringify(body)} as ${path}`, async () => {
      const before = await get(path);
      const message = await tailnet.refusal(tailnet.send(method, `tailnet/-/${path}`, body), 400);
      assert.match(message, /^invalid request body: /);
      assert.deepEqual(await get(path), before);
    });

  it("keeps settings, and leaves those that are null or absent", async () => {
    const { httpsEnabled } = (await get("settings")) as { readonly httpsEnabled: unknown };
    assert.equal(httpsEnabled, false, "a tailnet has no certificates by itself");
    const changed = { httpsEnabled: true, devicesKeyDurationDays: 30 };
    const nulls = { aclsExternallyManagedOn: null, aclsExternalLink: null };
    const expected = {
      ...{ aclsExternallyManagedOn: false, aclsExternalLink: "", devicesApprovalOn: false },
      ...{ devicesAutoUpdatesOn: false, usersApprovalOn: false, networkFlowLoggingOn: false },
      ...{ usersRoleAllowedToJoinExternalTailnets: "admin", regionalRoutingOn: false },
      ...{ postureIdentityCollectionOn: false, ...changed },
    };
    assert.deepEqual(await send("PATCH", "settings", { ...changed, ...nulls }), expected);
    await tailnet.restart();
    assert.deepEqual(await get("settings"), expected);
  });

  it("shows and changes each setting to whom holds its scope, and HTTPS has one of its own", async () => {
    const login = async (...scopes: string[]): Promise<string> => {
      const { id, key } = await tailnet.mint({ keyType: "client", scopes, tags: [] });
      return tailnet.token(id, key);
    };
    const url = "tailnet/-/settings";
    const shown = async (...scopes: string[]) =>
      tailnet.json(tailnet.send("GET", url, undefined, { token: await login(...scopes) }));
    const https = { httpsEnabled: true };
    const change = async (scope: string) =>
      (await tailnet.send("PATCH", url, https, { token: await login(scope) })).status;
    assert.equal((await shown("feature_settings:read"))["httpsEnabled"], null);
    assert.equal((await shown("feature_settings:read"))["devicesApprovalOn"], false);
    assert.equal((await shown("networking_settings:read"))["devicesApprovalOn"], null);
    assert.equal(await change("feature_settings"), 403);
    assert.equal(await change("networking_settings"), 200);
    assert.equal((await shown("all:read"))["httpsEnabled"], true);
    await assert.rejects(shown("dns"), /403/);
  });

  it("answers by name of host and tailnet, and says what it lacks", async () => {
    const status = async (path: string, host?: string): Promise<number> =>
      (await tailnet.send("GET", path, undefined, { host })).status;
    assert.equal(await status("tailnet/example.net/settings"), 200);
    assert.equal(await status("tailnet/other.example/settings"), 404);
    const notFound = { message: "404 page not found" };
    assert.deepEqual(await tailnet.json(tailnet.send("GET", "nothing"), 404), notFound);
    for (const host of ["login.tailscale.com", "controlplane.tailscale.com", "example.net"])
      assert.equal(await status("/api/v2/tailnet/-/settings", host), 404);
    assert.equal(
      (await tailnet.send("POST", "/machine/map", {}, { host: "api.tailscale.com" })).status,
      404,
    );
    assert.equal(
      (await tailnet.send("POST", "/machine/map", {}, { host: "login.tailscale.com" })).status,
      400,
    );
    assert.match(
      await tailnet.refusal(tailnet.send("GET", "tailnet/-/users"), 501),
      /does not support GET \/api\/v2\/tailnet\/-\/users/,
    );
    assert.match(await tailnet.refusal(tailnet.send("POST", "device/1/expire"), 501), /expire/);
  });

  it("fails as it is told: with an answer, without one, or after the work is done", async () => {
    const asked: string[] = [];
    const fail = (effect: Awaited<ReturnType<typeof noFaults.consult>>): void => {
      tailnet.faults = {
        consult(service, { method, path, host }) {
          asked.push(`${service} ${host} ${method} ${path}`);
          return Promise.resolve(effect);
        },
      };
    };
    fail({ status: 429, body: "rate limit exceeded", retryAfterSeconds: 7 });
    const limited = await tailnet.send("GET", "tailnet/-/settings?x=1");
    assert.deepEqual(
      [limited.status, limited.headers["retry-after"], limited.body.toString()],
      [429, "7", '{"message":"rate limit exceeded"}'],
    );
    assert.deepEqual(asked, ["tailscale api.tailscale.com GET /api/v2/tailnet/-/settings"]);
    const path = "tailnet/-/dns/searchpaths";
    fail("cut");
    await assert.rejects(tailnet.send("POST", path, { searchPaths: ["cut"] }));
    fail("lose");
    await assert.rejects(tailnet.send("POST", path, { searchPaths: ["lost"] }));
    await assert.rejects(tailnet.send("POST", path, { searchPaths: [1] }));
    tailnet.faults = noFaults;
    assert.deepEqual(await get("dns/searchpaths"), { searchPaths: ["lost"] });
  });

  it("logs who was asked what, without queries or secrets", async () => {
    await tailnet.send("GET", "tailnet/-/devices?hostname=canary");
    const { key } = await tailnet.authKey(["tag:home-node"]);
    await tailnet.join(key, "a");
    const log = readFileSync(join(tailnet.folder, "access.log"), "utf8");
    assert.match(log, /api\.tailscale\.com GET \/api\/v2\/tailnet\/-\/devices 200/);
    assert.match(log, /controlplane\.tailscale\.com POST \/machine\/register 200/);
    assert.doesNotMatch(log, /canary|tskey|\?/);
  });
});
