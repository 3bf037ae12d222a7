import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { TestTailnet, openPolicy } from "./tailscale-server.ts";

const keys = "tailnet/-/keys";
const tooLittle = "calling actor does not have enough permissions to perform this function";
const node = ["tag:home-node"];

interface KeyView {
  readonly id: string;
  readonly invalid?: boolean;
  readonly revoked?: string;
  readonly key?: string;
}

describe("Tailscale's keys and OAuth clients", () => {
  const tailnet = new TestTailnet();
  before(async () => {
    await tailnet.start();
    await tailnet.policy(openPolicy);
  });
  after(() => tailnet.stop());

  const read = (id: string): Promise<KeyView> =>
    tailnet.json<KeyView>(tailnet.send("GET", `${keys}/${id}`));
  const body = (tags: readonly string[], more: object = {}): object => ({
    capabilities: { devices: { create: { reusable: false, ephemeral: false, tags, ...more } } },
  });

  it("give tokens for id and secret, in the header or in the form, for an hour", async () => {
    const { id, secret } = tailnet.first;
    const answer = await tailnet.json(tailnet.requestToken(id, secret));
    assert.equal(answer.token_type, "Bearer");
    assert.equal(answer.expires_in, 3600);
    const text = new URLSearchParams({ client_id: id, client_secret: secret }).toString();
    const headers = { authorization: "" };
    const form = tailnet.send("POST", "oauth/token", undefined, { text, headers });
    const { access_token: token = "" } = await tailnet.json<{ access_token?: string }>(form);
    assert.equal((await tailnet.send("GET", keys, undefined, { token })).status, 200);
    const basic = { authorization: `Basic ${Buffer.from(`${token}:`).toString("base64")}` };
    assert.equal((await tailnet.send("GET", keys, undefined, { headers: basic })).status, 200);
    tailnet.now += 3600_000;
    const late = tailnet.send("GET", keys, undefined, { token });
    assert.equal(await tailnet.refusal(late, 401), "API token invalid");
    tailnet.now -= 3600_000;
  });

  it("are refused when wrong", async () => {
    const { id, secret } = tailnet.first;
    for (const [name, word] of [
      [id, "no"],
      ["kNobodyCNTRL", secret],
      ["", ""],
    ] as const)
      assert.equal(
        await tailnet.refusal(tailnet.requestToken(name, word), 401),
        "API token invalid",
      );
    for (const authorization of ["", "Bearer no", "Basic bm86", "Basic !"]) {
      const answer = tailnet.send("GET", keys, undefined, { headers: { authorization } });
      assert.equal(await tailnet.refusal(answer, 401), "API token invalid");
    }
  });

  it("come back as they were sent, the secret only once and never on disk", async () => {
    const asked = {
      ...body(node, { reusable: true, preauthorized: true }),
      ...{ expirySeconds: 3600, description: "home node 1" },
    };
    const made = await tailnet.json<KeyView>(tailnet.send("POST", keys, asked));
    assert.match(made.key ?? "", /^tskey-auth-k[A-Za-z0-9]{11}CNTRL-[A-Za-z0-9]{32}$/);
    assert.deepEqual(await read(made.id), {
      ...{ id: made.id, keyType: "auth", description: "home node 1", expirySeconds: 3600 },
      ...{ created: "2026-01-01T00:00:00.000Z", expires: "2026-01-01T01:00:00.000Z", tags: node },
      capabilities: {
        devices: { create: { reusable: true, ephemeral: false, preauthorized: true, tags: node } },
      },
    });
    const file = join(tailnet.folder, "tailnet.json");
    assert(!readFileSync(file, "utf8").includes(made.key ?? "-"));
    assert(!readFileSync(file, "utf8").includes(tailnet.first.secret));
    assert.equal(statSync(file).mode & 0o077, 0);
  });

  it("live for 90 days unless told otherwise, and no longer", async () => {
    const made = await tailnet.json(tailnet.send("POST", keys, body(node)));
    assert.equal(made.expirySeconds, 7776000);
    const longer = { ...body(node), expirySeconds: 7776001 };
    assert.match(await tailnet.refusal(tailnet.send("POST", keys, longer), 400), /expirySeconds/);
  });

  it("refuse a device when used up, expired, revoked or unknown", async () => {
    const said = (id: string): string => `invalid key: API key ${id} not valid`;
    const once = await tailnet.mint(body(node));
    await tailnet.join(once.key, "once");
    assert.equal(await tailnet.refusal(tailnet.register(once.key, "twice"), 401), said(once.id));
    assert.equal((await read(once.id)).invalid, true);

    const short = await tailnet.mint({ ...body(node), expirySeconds: 60 });
    assert.equal((await read(short.id)).invalid, undefined);
    tailnet.now += 60_000;
    assert.equal(await tailnet.refusal(tailnet.register(short.key, "late"), 401), said(short.id));
    assert.equal((await read(short.id)).invalid, true);

    const many = await tailnet.authKey(node);
    await tailnet.join(many.key, "a");
    await tailnet.join(many.key, "b");
    assert.equal((await read(many.id)).invalid, undefined);
    assert.equal((await tailnet.send("DELETE", `${keys}/${many.id}`)).status, 200);
    assert.equal(await tailnet.refusal(tailnet.register(many.key, "c"), 401), said(many.id));
    assert.deepEqual(
      [(await read(many.id)).invalid, typeof (await read(many.id)).revoked],
      [true, "string"],
    );
    const listed = await tailnet.json<{ keys: KeyView[] }>(tailnet.send("GET", keys));
    assert(!listed.keys.some(({ id }) => id === many.id));
    assert.equal((await tailnet.send("DELETE", `${keys}/${many.id}`)).status, 404);

    const forged = `${many.key.slice(0, -1)}${many.key.endsWith("1") ? "2" : "1"}`;
    assert.equal(await tailnet.refusal(tailnet.register(forged, "d"), 401), said(many.id));
    assert.match(
      await tailnet.refusal(tailnet.register("nonsense", "d"), 401),
      /^invalid key: unable/,
    );
  });

  it("need tags that the policy knows", async () => {
    const ask = (tags: readonly string[]): Promise<string> =>
      tailnet.refusal(tailnet.send("POST", keys, body(tags)), 400);
    assert.equal(await ask(["tag:x"]), "requested tags [tag:x] are invalid or not permitted");
    assert.equal(await ask([]), "requested tags [] are invalid or not permitted");
  });

  it("let a client with tags give those and the ones that they own, no others", async () => {
    const token = await tailnet.tokenFor(["auth_keys", "devices:core"], ["tag:home-operator"]);
    const ask = (tags: readonly string[]): ReturnType<TestTailnet["send"]> =>
      tailnet.send("POST", keys, body(tags), { token });
    assert.equal((await ask(["tag:home-operator"])).status, 200);
    assert.equal((await ask(["tag:home-connector"])).status, 200);
    assert.match(await tailnet.refusal(ask(node), 400), /\[tag:home-node\] are invalid/);
  });

  it("let a client with several tags give exactly these together, and not one of them", async () => {
    const tags = ["tag:home-node", "tag:home-operator"];
    const token = await tailnet.tokenFor(["auth_keys", "devices:core"], tags);
    const ask = (asked: readonly string[]): ReturnType<TestTailnet["send"]> =>
      tailnet.send("POST", keys, body(asked), { token });
    assert.equal((await ask(tags.toReversed())).status, 200);
    assert.equal((await ask(["tag:home-connector"])).status, 200, "an owned one");
    assert.match(await tailnet.refusal(ask(node), 400), /\[tag:home-node\] are invalid/);
    assert.match(await tailnet.refusal(ask([...tags, "tag:home-connector"]), 400), /are invalid/);
  });

  it("list OAuth clients with their tags, the one that asks too, which it may delete", async () => {
    const tags = ["tag:home-operator"];
    const made = await tailnet.mint({
      keyType: "client",
      scopes: ["auth_keys", "oauth_keys"],
      tags,
    });
    const token = await tailnet.token(made.id, made.key);
    const ask = (method: string, path: string) => tailnet.send(method, path, undefined, { token });
    const listed = await tailnet.json<{ keys: { id: string; keyType: string; tags: string[] }[] }>(
      ask("GET", `${keys}?all=true`),
    );
    const own = listed.keys.find(({ id }) => id === made.id);
    assert.deepEqual([own?.keyType, own?.tags], ["client", tags]);
    assert.equal((await ask("DELETE", `${keys}/${made.id}`)).status, 200);
    assert.equal((await ask("GET", keys)).status, 401, "and is signed out by that");
  });

  it("are changed and deleted as OAuth clients, tokens included", async () => {
    const asked = {
      keyType: "client",
      scopes: ["dns", "policy_file:read"],
      tags: [],
      description: "a",
    };
    const made = await tailnet.mint(asked);
    assert.match(made.key, /^tskey-client-/);
    const { created, updated, ...view } = await tailnet.json(
      tailnet.send("GET", `${keys}/${made.id}`),
    );
    assert.deepEqual(view, { ...asked, id: made.id });
    assert.equal(created, updated);
    const token = await tailnet.token(made.id, made.key);
    const dns = (): ReturnType<TestTailnet["send"]> =>
      tailnet.send("GET", "tailnet/-/dns/nameservers", undefined, { token });
    assert.equal((await dns()).status, 200);
    const less = { ...asked, scopes: ["policy_file:read"] };
    await tailnet.json(tailnet.send("PUT", `${keys}/${made.id}`, less));
    assert.equal(await tailnet.refusal(dns(), 403), tooLittle);
    assert.equal((await tailnet.send("DELETE", `${keys}/${made.id}`)).status, 200);
    assert.equal((await dns()).status, 401);
    assert.equal((await tailnet.send("GET", `${keys}/${made.id}`)).status, 404);
    assert.equal((await tailnet.requestToken(made.id, made.key)).status, 401);
  });

  it("are refused as OAuth clients with unknown scopes, without needed tags, or beyond their maker", async () => {
    const client = (scopes: readonly string[], tags: readonly string[] = []): object => ({
      ...{ keyType: "client", scopes, tags },
    });
    const post = (sent: object, token?: string): ReturnType<TestTailnet["send"]> =>
      tailnet.send("POST", keys, sent, { token });
    assert.match(
      await tailnet.refusal(post(client(["everything"])), 400),
      /invalid scope "everything"/,
    );
    assert.match(await tailnet.refusal(post(client(["auth_keys"])), 400), /tags are required/);
    assert.match(await tailnet.refusal(post(client(["dns"], ["tag:x"])), 400), /requested tags/);
    const token = await tailnet.tokenFor(["oauth_keys"]);
    assert.equal(await tailnet.refusal(post(client(["dns"]), token), 403), tooLittle);
    assert.match(await tailnet.refusal(post({ keyType: "federated" }), 501), /does not support/);
    assert.match(await tailnet.refusal(post({ keyType: "other" }), 400), /invalid keyType/);
    assert.match(
      await tailnet.refusal(post({ ...body(node), color: 1 }), 400),
      /unknown field "color"/,
    );
    assert.match(
      await tailnet.refusal(post({ ...body(node), description: "a/b" }), 400),
      /description/,
    );
  });

  it("reach as far as their scopes", async () => {
    const calls = [
      ["GET", "tailnet/-/acl", "policy_file:read"],
      ["POST", "tailnet/-/acl/validate", "policy_file:read"],
      ["POST", "tailnet/-/acl", "policy_file"],
      ["GET", "tailnet/-/devices", "devices:core:read"],
      ["DELETE", "device/1", "devices:core"],
      ["GET", "device/1/routes", "devices:routes:read"],
      ["POST", "device/1/routes", "devices:routes"],
      ["GET", "tailnet/-/dns/preferences", "dns:read"],
      ["POST", "tailnet/-/dns/preferences", "dns"],
      ["GET", "tailnet/-/settings", "feature_settings:read"],
      ["PATCH", "tailnet/-/settings", "feature_settings"],
      ["GET", keys, "auth_keys:read"],
      ["GET", keys, "oauth_keys:read"],
    ] as const;
    const tokens = new Map<string, string>();
    const tags = ["tag:home-operator"];
    for (const scope of [...new Set(calls.map(([, , name]) => name)), "all:read"])
      tokens.set(scope, await tailnet.tokenFor([scope], tags));
    for (const [method, path, needed] of calls)
      for (const [scope, token] of tokens) {
        const enough =
          scope === needed ||
          (path === keys && ["auth_keys:read", "oauth_keys:read"].includes(scope)) ||
          // It covers two of the settings.
          (`${method} ${path}` === "GET tailnet/-/settings" && /^policy_file/.test(scope)) ||
          (needed.endsWith(":read") && ["all:read", needed.slice(0, -5)].includes(scope));
        const { status } = await tailnet.send(method, path, method === "GET" ? undefined : {}, {
          token,
        });
        assert.equal(status !== 403, enough, `${method} ${path} with ${scope}: ${status}`);
      }
  });
});
