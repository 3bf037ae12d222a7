import assert from "node:assert/strict";
import { ServiceError } from "../../../components/http/service-error.ts";
import type { Fetch } from "../../../stacks/doctor/ask.ts";
import { checkCloudflareToken, judgeExpiry } from "../../../stacks/parts/edge/doctor/token.ts";
import { judgeCloudflareLeftovers } from "../../../stacks/parts/edge/doctor/leftovers.ts";
import { judgeTailnetLeftovers } from "../../../stacks/parts/tailnet/doctor/leftovers.ts";
import { judgeRelease } from "../../../stacks/doctor/releases.ts";
import { releasesOf } from "../../../scripts/doctor/examination.ts";
import { knownSecrets } from "../../../stacks/parts/secrets/doctor.ts";
import { checkTailnetScopes, judgeConnector } from "../../../stacks/parts/tailnet/doctor.ts";
import { judgeZone } from "../../../stacks/parts/edge/doctor/zone.ts";
import { siteFile } from "../../../scripts/site-file.ts";
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

  it("says how long a token still lasts", () => {
    assert.equal(judgeExpiry(100 * 86_400_000, 0).severity, "ok");
    assert.match(judgeExpiry(7 * 86_400_000, 0).text, /runs out in 7 days/);
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
    assert.match(finding?.remedy ?? "", /Access > Policies: two/);
  });
});

describe("the doctor at Tailscale", () => {
  const device = (id: string, hostname: string, tag: string) => ({
    id,
    hostname,
    name: `${hostname}.ts.net`,
    tags: [tag],
  });

  it("names the scope that is refused", async () => {
    const found = bad(
      await checkTailnetScopes({
        policy: () =>
          Promise.reject(new ServiceError("unauthorized", { status: 403 }, "lacks policy_file")),
        keys: () => Promise.resolve([]),
        devices: () => Promise.resolve([]),
        splitDns: () => Promise.resolve({}),
      }),
    );
    assert.deepEqual(
      found.map(({ severity, subject }) => [severity, subject]),
      [["error", "tailnet, scope policy_file"]],
    );
  });

  it("names devices that exist twice or are of no machine, and keys that the state lacks", () => {
    const devices = [
      device("n1", "stone", "tag:home-node"),
      device("n2", "stone", "tag:home-node"),
      device("n3", "gone", "tag:home-node"),
      device("n4", "laptop", "tag:other"),
    ];
    const keys = [
      { id: "k1", keyType: "auth", description: "", tags: ["tag:home-node"] },
      { id: "k2", keyType: "client", description: "op", tags: ["tag:home-operator"] },
      { id: "k3", keyType: "auth", description: "proxy", tags: ["tag:home-connector"] },
    ];
    const found = judgeTailnetLeftovers("home", ["stone"], devices, keys, new Set(["k1"]));
    assert.equal(found.length, 3);
    assert.match(found[0]?.text ?? "", /two devices are called stone: n1 and n2/);
    assert.match(found[1]?.text ?? "", /no machine gone/);
    assert.match(found[2]?.subject ?? "", /OAuth client k2/);
  });

  const plan = { name: "connector-0", routes: ["10.42.0.0/16"], exitNode: true };
  const routes = ["10.42.0.0/16", "0.0.0.0/0", "::/0"];
  const connector = {
    ...device("c1", "connector-0", "tag:home-connector"),
    advertised: routes,
    enabled: routes,
  };

  it("finds a Connector whose routes are approved fine", () => {
    assert.deepEqual(bad(judgeConnector("home", plan, [connector], "approve")), []);
  });

  it("names a route that is advertised and not approved, with the device's id", () => {
    const [finding] = bad(
      judgeConnector("home", plan, [{ ...connector, enabled: routes.slice(1) }], "approve"),
    );
    assert.equal(finding?.severity, "error");
    assert.match(
      finding.text,
      /advertises 10\.42\.0\.0\/16, and nobody approved that \(device c1\)/,
    );
    assert.equal(finding.remedy, "approve");
  });

  it("names a Connector that is no device, and one that advertises too little", () => {
    assert.match(
      bad(judgeConnector("home", plan, [], ""))[0]?.text ?? "",
      /no device of the tailnet/,
    );
    const quiet = { ...connector, advertised: routes.slice(1), enabled: routes.slice(1) };
    assert.match(
      bad(judgeConnector("home", plan, [quiet], ""))[0]?.text ?? "",
      /does not advertise 10\.42/,
    );
  });
});

describe("the doctor's downloads", () => {
  const named = (subject: RegExp) => {
    const release = releasesOf(home).find((one) => subject.test(one.subject));
    assert.ok(release, String(subject));
    return release;
  };

  it("know every file and chart that the site's config makes it download", () => {
    assert.equal(releasesOf(home).length, 6);
    assert.equal(releasesOf({ ...home, tailnet: undefined }).length, 4);
  });

  it("name the config path of what does not exist", () => {
    const finding = judgeRelease(named(/^RKE2/), 404, "");
    assert.deepEqual(
      [finding.severity, finding.remedy],
      ["error", "correct homelab:versions.rke2"],
    );
    assert.equal(judgeRelease(named(/^RKE2/), 503, "").severity, "warning");
  });

  it("look for the chart's version in the index, and for the image's checksum in its list", () => {
    const chart = named(/^chart cilium/);
    assert.equal(judgeRelease(chart, 200, "urls: [cilium-1.19.6.tgz]").severity, "ok");
    assert.match(
      judgeRelease(chart, 200, "urls: [cilium-1.19.60.tgz]").text,
      /no version 1\.19\.6/,
    );
    const sums = named(/checksum$/);
    const file = home.proxmox.image.url.split("/").at(-1) ?? "";
    assert.equal(judgeRelease(sums, 200, `${home.proxmox.image.sha512}  ${file}\n`).severity, "ok");
    assert.match(judgeRelease(sums, 200, `${"0".repeat(128)}  ${file}\n`).text, /another checksum/);
  });
});

describe("the doctor's secrets", () => {
  it("are read one by one: what is missing hides no other, and none is shown", async () => {
    const values = { "secrets:x": { value: "s3cret-value", secret: true } };
    const tailnet = home.tailnet && {
      ...home.tailnet,
      oauth: { clientId: "config:x", clientSecret: "config:missing" },
    };
    const config = {
      ...home,
      proxmox: { ...home.proxmox, apiToken: undefined, sshPrivateKey: undefined },
      edge: undefined,
      apps: {},
      tailnet,
    };
    const { known, findings } = await knownSecrets({ config, values });
    assert.equal(known.get("homelab:tailnet.oauth.clientId"), "s3cret-value");
    assert.deepEqual(
      findings.map(({ severity }) => severity),
      ["ok", "error"],
    );
    assert.match(findings[1]?.text ?? "", /has no secrets:missing/);
    assert.doesNotMatch(JSON.stringify(findings), /s3cret/);
  });
});
