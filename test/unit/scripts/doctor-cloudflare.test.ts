import assert from "node:assert/strict";
import type { Fetch } from "../../../stacks/doctor/ask.ts";
import { judgeRelease } from "../../../stacks/parts/edge/doctor/release.ts";
import { judgeServiceToken } from "../../../stacks/parts/edge/doctor/service-tokens.ts";
import { checkCloudflareToken, provingFamilies } from "../../../stacks/parts/edge/doctor/token.ts";
import { judgeCloudflareLeftovers } from "../../../stacks/parts/edge/doctor/leftovers.ts";
import { checkPlainHttp, plainQuestions } from "../../../stacks/parts/edge/doctor/plain-http.ts";
import { checkTunnelToken } from "../../../stacks/parts/edge/doctor/tunnel-token.ts";
import type { Heard as NameHeard } from "../../../stacks/status/answer.ts";
import { checkTeam } from "../../../stacks/parts/edge/doctor/team.ts";
import type { Finding } from "../../../stacks/doctor/finding.ts";
import { judgeZone } from "../../../stacks/parts/edge/doctor/zone.ts";
import { siteFile } from "../../../scripts/site-file.ts";
import { homeConfig } from "../stacks/sample.ts";
import { knownIds } from "../../../scripts/state.ts";
import { parseSiteConfig } from "../../../stacks/site-file.ts";

const { config: home } = parseSiteConfig(siteFile("Pulumi.home.yaml"), "home");
assert.ok(home);
const bad = (
  found: readonly { severity: string; subject: string; text: string; remedy: string }[],
) => found.filter(({ severity }) => severity !== "ok");

describe("the doctor at Cloudflare", () => {
  const account = {
    baseUrl: "https://x/client/v4",
    token: "t0ken-of-cloudflare",
    accountId: "a",
    zoneId: "z",
  };
  const answering =
    (refused: string): Fetch =>
    (url) => {
      const denied = url.includes(refused);
      const body = denied
        ? { success: false, errors: [{ code: 10000, message: "Authentication error" }] }
        : { success: true, result: { status: "active" } };
      return Promise.resolve({ status: denied ? 403 : 200, text: JSON.stringify(body), clock: 0 });
    };

  it("finds a token with all permissions fine", async () => {
    assert.deepEqual(bad(await checkCloudflareToken(account, answering("nothing-at-all"))), []);
  });

  it("names the permission that is refused, in the dashboard's words, and no token", async () => {
    const found = bad(await checkCloudflareToken(account, answering("service_tokens")));
    assert.equal(found.length, 1);
    assert.match(found[0]?.subject ?? "", /Access: Service Tokens: Edit/);
    assert.match(found[0]?.text ?? "", /403 Authentication error \(10000\)/);
    assert.doesNotMatch(JSON.stringify(found), /t0ken/);
  });

  it("says when a token ends that its maker gave an end", async () => {
    const ending =
      (day: Date): Fetch =>
      (url) => {
        const result = { status: "active", expires_on: day.toISOString() };
        const body = { success: true, result: url.endsWith("/verify") ? result : {} };
        return Promise.resolve({ status: 200, text: JSON.stringify(body), clock: 0 });
      };
    const inDays = async (days: number) =>
      (await checkCloudflareToken(account, ending(new Date(Date.now() + days * 86_400_000)))).at(
        -1,
      );
    assert.equal((await inDays(90))?.severity, "ok");
    const near = await inDays(9.5);
    assert.deepEqual([near?.severity, near?.subject], ["warning", "Cloudflare token"]);
    assert.match(near?.text ?? "", /^ends on /);
    assert.match(near?.remedy ?? "", /roll it in the dashboard/);
  });

  it("asks of a token of certificates what proves names of the zone, and nothing else", async () => {
    const which = { subject: "Cloudflare token of certificates", permissions: provingFamilies };
    const found = async (refused: string) =>
      bad(await checkCloudflareToken(account, answering(refused), which)).map(
        ({ subject }) => subject,
      );
    assert.deepEqual(await found("/accounts/"), []);
    assert.deepEqual(await found("/dns_records"), [
      "Cloudflare token of certificates, Zone · DNS: Edit",
    ]);
    assert.deepEqual(await found("/zones/z"), [
      "Cloudflare token of certificates, Zone · DNS: Edit",
      "Cloudflare token of certificates, Zone · Zone: Read",
    ]);
  });

  it("says how long a program's login still lasts, and that refreshing keeps it", () => {
    const now = new Date("2027-06-01T00:00:00Z");
    const token = { id: "t", name: "backup" };
    const judged = (expires_at: string | null) => judgeServiceToken({ ...token, expires_at }, now);
    assert.equal(judged(null).severity, "ok");
    assert.equal(judged("2027-08-01T00:00:00Z").severity, "ok");
    assert.match(judged("2027-06-08T00:00:00Z").text, /ends on 2027-06-08, in 7 days/);
    assert.match(judged("2027-06-08T00:00:00Z").remedy, /refresh it.*keep their login/);
    assert.equal(judged("2027-05-01T00:00:00Z").severity, "error");
  });

  const connector = (secret: string, changes: object = {}): string =>
    Buffer.from(JSON.stringify({ a: "a", t: "t1", s: btoa(secret), ...changes })).toString(
      "base64",
    );
  const tunnel = (held: string, given: string, status = 200): Promise<readonly Finding[]> =>
    checkTunnelToken("home", account, {
      run: (_, args) => {
        assert.ok(args.join(" ").startsWith("-n cloudflared get secret tunnel-token "));
        return Promise.resolve({ ok: true, stdout: btoa(held), stderr: "" });
      },
      ask: (url) => {
        assert.equal(url, "https://x/client/v4/accounts/a/cfd_tunnel/t1/token");
        return Promise.resolve({ status, text: JSON.stringify({ result: given }), clock: 0 });
      },
    });

  it("says when the tunnel has another token than cloudflared, and shows neither", async () => {
    // With what Cloudflare may add for another endpoint.
    const same = await tunnel(connector("one"), connector("one", { e: "eu" }));
    assert.deepEqual(bad(same), []);
    const [rotated] = await tunnel(connector("one"), connector("two"));
    assert.deepEqual([rotated?.severity, rotated?.subject], ["error", "tunnel's token"]);
    assert.match(rotated?.remedy ?? "", /raise homelab:edge\.tunnelSecret/);
    assert.ok(!JSON.stringify(rotated).includes(btoa("two")));
    const [missing] = await tunnel("", connector("two"));
    assert.match(missing?.text ?? "", /is not in the cluster/);
    await assert.rejects(tunnel(connector("one"), "", 404), /token: 404/);
    const broken = Buffer.from("s3cret").toString("base64");
    await assert.rejects(tunnel(connector("one"), broken), (error: Error) => {
      assert.match(error.message, /what Cloudflare has is no token/);
      return !error.message.includes("s3cret");
    });
  });

  it("asks names without Access by plain http, but none that leads to a gateway at home", () => {
    const asked = (changes: Record<string, unknown>): readonly string[] =>
      plainQuestions(homeConfig({ "apps.typeo.access": [], ...changes })).map(
        ({ by, at, port }) => `${by}://${at}:${port}`,
      );
    const open = { "apps.typeo.withoutAccess": "a game for everybody" };
    assert.deepEqual(asked(open), ["http://typeo.example.net:80"]);
    const twice = { "apps.typeo.expose": [{ host: "typeo.example.net", to: "lan" }] };
    assert.deepEqual(asked({ ...open, ...twice }), []);
    assert.deepEqual(plainQuestions(homeConfig({})), []);
  });

  it("says which names answer by plain http", async () => {
    const question = { by: "http", port: 80, path: "/" } as const;
    const answers: Readonly<Record<string, NameHeard>> = {
      "a.example.net": { status: 301, location: "https://a.example.net/" },
      "b.example.net": { status: 302, location: "http://b.example.net/login" },
      "c.example.net": { status: 530 },
    };
    const judged = (...names: readonly string[]) =>
      checkPlainHttp(
        "example.net",
        names.map((at) => ({ ...question, at })),
        ({ at }) => Promise.resolve(answers[at] ?? {}),
      );
    assert.deepEqual(bad(await judged("a.example.net")), []);
    const [found] = bad(await judged(...Object.keys(answers)));
    assert.equal(found?.severity, "warning");
    assert.match(found.text, /^is answered by b\.example\.net, c\.example\.net:/);
    assert.match(found.remedy, /Always Use HTTPS/);
  });

  it("says when the team has no keys, without which cloudflared lets nobody through", async () => {
    const team = (status: number, text: string): Promise<readonly Finding[]> =>
      checkTeam("house", (url) => {
        assert.equal(url, "https://house.cloudflareaccess.com/cdn-cgi/access/certs");
        return Promise.resolve({ status, text, clock: 0 });
      });
    assert.deepEqual(bad(await team(200, '{"keys":[{"kid":"1"}]}')), []);
    for (const wrong of [await team(404, "<html>"), await team(200, '{"keys":[]}')])
      assert.match(bad(wrong)[0]?.remedy ?? "", /homelab:edge\.team/);
  });

  it("says how long a release of cloudflared is supported, a year after its month", () => {
    const judged = (version: string) => judgeRelease(version, new Date("2026-11-28T00:00:00Z"));
    assert.equal(judged("2026.8.2")[0]?.severity, "ok");
    assert.match(judged("2026.1.0")[0]?.text ?? "", /^leaves .*2027-01-01, in 34 days/);
    const [old] = judged("2025.11.1");
    assert.equal(old?.severity, "warning");
    assert.match(old.text, /^left Cloudflare's support on 2026-11-01/);
    assert.match(old.remedy, /homelab:versions\.cloudflared/);
    assert.deepEqual(judged("latest"), []);
  });

  const zone = {
    name: "example.net",
    status: "active",
    name_servers: ["b.ns.cloudflare.com", "a.ns.cloudflare.com"],
  };

  it("compares the delegation with Cloudflare's name servers", () => {
    assert.deepEqual(
      bad(judgeZone("example.net", zone, ["A.ns.cloudflare.com.", "b.ns.cloudflare.com"])),
      [],
    );
    const elsewhere = bad(judgeZone("example.net", zone, ["ns1.registrar.example"]));
    assert.match(elsewhere[0]?.text ?? "", /delegated to ns1\.registrar\.example/);
    const pending = bad(
      judgeZone("example.net", { ...zone, status: "pending" }, { reason: "ENOTFOUND" }),
    );
    assert.match(
      pending[0]?.remedy ?? "",
      /a\.ns\.cloudflare\.com and b\.ns\.cloudflare\.com at the registrar/,
    );
    assert.match(pending[1]?.text ?? "", /cannot be seen: ENOTFOUND/);
    assert.match(
      bad(judgeZone("other.net", zone, []))[0]?.text ?? "",
      /zoneId is the id of example\.net/,
    );
  });

  it("names a policy that exists twice, and which of the two is the stack's", () => {
    const objects = [
      { kind: "Access policy", name: "home: family", id: "one" },
      { kind: "Access policy", name: "home: family", id: "two" },
      { kind: "tunnel", name: "home", id: "three" },
    ] as const;
    const resources = [
      { urn: "u", type: "t", id: "one" },
      { urn: "v", type: "t", id: "account/three" },
    ];
    const [finding, ...more] = judgeCloudflareLeftovers(objects, knownIds({ resources }));
    assert.deepEqual(more, []);
    assert.match(finding?.text ?? "", /exists twice: one is the stack's, two is not/);
    assert.match(finding?.remedy ?? "", /Access controls > Policies: two/);
  });

  it("finds service tokens in one place of the dashboard", () => {
    const object = { kind: "Access service token", name: "home: backup", id: "one" } as const;
    const [stray] = judgeCloudflareLeftovers([object], new Set());
    const ending = judgeServiceToken(
      { ...object, expires_at: "2027-06-08" },
      new Date("2027-06-01"),
    );
    const place = /Zero Trust > Access controls > Service credentials/;
    for (const one of [stray, ending]) assert.match(one?.remedy ?? "", place);
  });
});
