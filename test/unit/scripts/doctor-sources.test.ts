import assert from "node:assert/strict";
import { judgeRelease, releaseChecks } from "../../../stacks/doctor/releases.ts";
import { releasesOf } from "../../../scripts/doctor/examination.ts";
import { readSecrets } from "../../../components/security/secrets.ts";
import {
  judgeConnectToken,
  knownSecrets,
  programsToken,
  secretChecks,
} from "../../../stacks/parts/secrets/doctor.ts";
import { siteFile } from "../../../scripts/site-file.ts";
import { parseSiteConfig } from "../../../stacks/site-file.ts";

const { config: home } = parseSiteConfig(siteFile("Pulumi.home.yaml"), "home");
assert.ok(home);

describe("the doctor's downloads", () => {
  const named = (subject: RegExp) => {
    const release = releasesOf(home).find((one) => subject.test(one.subject));
    assert.ok(release, String(subject));
    return release;
  };

  it("know every file and chart that the site's config makes it download", () => {
    assert.equal(releasesOf(home).length, 12);
    assert.equal(releasesOf({ ...home, tailnet: undefined }).length, 10);
  });

  it("tell the age of Tailscale on the machines by the chart that came out with it", async () => {
    const index = `  - created: "2026-08-19T19:07:43.123456789Z"
    urls: [tailscale-operator-1.102.3.tgz]
  - created: "2026-05-21T18:27:19Z"
    urls: [tailscale-operator-1.98.3.tgz]`;
    const asked: string[] = [];
    const [check] = releaseChecks([named(/^tailscale 1/)], (url, { method = "GET" } = {}) => {
      asked.push(`${method} ${url}`);
      return Promise.resolve({ status: 200, text: method === "GET" ? index : "", clock: 0 });
    });
    const [finding] = (await check?.run()) ?? [];
    assert.match(
      finding?.text ?? "",
      /^is there, published on 2026-08-19, .* ago; the newest is 1\.102\.3$/,
    );
    assert.deepEqual(asked, [
      "HEAD https://pkgs.tailscale.com/stable/tailscale_1.102.3_amd64.tgz.sha256",
      "GET https://pkgs.tailscale.com/helmcharts/index.yaml",
    ]);
    const without = judgeRelease(named(/^tailscale 1/), 200, "", new Date(), "not found");
    assert.equal(without.text, "is there");
  });

  it("read a list once that several charts stand in", async () => {
    const asked: string[] = [];
    const charts = [named(/^chart cert-manager/), named(/^chart trust-manager/)];
    const checks = releaseChecks(charts, (url) => {
      asked.push(url);
      return Promise.resolve({ status: 200, text: "", clock: 0 });
    });
    await Promise.all(checks.map(({ run }) => run()));
    assert.deepEqual(asked, ["https://charts.jetstack.io/index.yaml"]);
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
    const index = `entries:
  tailscale-operator:
  - apiVersion: v2
    created: "2026-11-12T18:22:32.5Z"
    urls: [tailscale-operator-1.104.7.tgz]
  - created: "2026-08-19T19:07:43.123456789Z"
    urls:
    - https://pkgs.tailscale.com/helmcharts/tailscale-operator-1.102.3.tgz
  - created: "2026-05-21T18:27:19Z"
    urls: [tailscale-operator-1.98.3.tgz, tailscale-operator-1.105.2-pre.tgz]`;
    assert.equal(
      judgeRelease(named(/^chart tailscale-operator/), 200, index, new Date("2026-11-28T00:00:00Z"))
        .text,
      "is there, published on 2026-08-19, 100 days ago; the newest is 1.104.7",
    );
    const undated = `${"  - urls: [other-1.0.0.tgz]\n".repeat(100_000)}  - urls: [tailscale-operator-1.102.3.tgz]`;
    assert.equal(
      judgeRelease(named(/^chart tailscale-operator/), 200, undated).text,
      "is there; the newest is 1.102.3",
    );
    const sums = named(/checksum$/);
    const file = home.proxmox.image.url.split("/").at(-1) ?? "";
    assert.equal(
      judgeRelease(sums, 200, `${home.proxmox.image.checksum}  ${file}\n`).severity,
      "ok",
    );
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
      cluster: { ...home.cluster, snapshots: { schedule: "@daily", retention: 1 } },
      edge: undefined,
      apps: {},
      monitoring: undefined,
      onePassword: undefined,
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

  it("are read by one login, for what a service account asks is counted", async () => {
    const opened = new Set<unknown>();
    await knownSecrets({ config: home, values: {} }, (uses, sources, open) => {
      opened.add(open?.({ ...sources, token: "t" }));
      return readSecrets([], sources);
    });
    assert.equal(opened.size, 1);
  });
});

describe("the doctor on Connect's token", () => {
  const now = new Date("2027-06-01T00:00:00Z");
  const token = (claims: object): string =>
    [{ alg: "ES256" }, claims, "signature"]
      .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
      .join(".");

  it("says when it ends, and repeats nothing of it", () => {
    const mine = token({ exp: Date.parse("2027-06-10T00:00:00Z") / 1000 });
    const [finding] = judgeConnectToken(programsToken, mine, now);
    assert.deepEqual(
      [finding?.severity, finding?.text],
      ["warning", "ends on 2027-06-10, in 9 days"],
    );
    assert.ok(!JSON.stringify(finding).includes(mine));
  });

  it("knows one without end, and says nothing of what is no JWT", () => {
    assert.equal(judgeConnectToken(programsToken, token({ sub: "x" }), now)[0]?.severity, "ok");
    assert.deepEqual(judgeConnectToken(programsToken, "plain-words", now), []);
  });

  it("names the operator's beside the program's own, whichever way the program reads", async () => {
    const mine = token({ exp: Date.now() / 1000 + 10 * 86_400 });
    const known = new Map([["homelab:onePassword.operator.token", mine]]);
    const onePassword = { serviceAccount: true, operator: home.onePassword?.operator };
    for (const config of [home, { ...home, onePassword }]) {
      const checks = secretChecks({ config, known });
      const findings = (await Promise.all(checks.map(({ run }) => run()))).flat();
      const found = findings.find(({ subject }) => subject === "token of 1Password's operator");
      assert.equal(found?.severity, "warning");
      assert.match(found.remedy ?? "", /homelab:onePassword\.operator\.token points, and run up/);
      assert.ok(!JSON.stringify(findings).includes(mine));
    }
  });
});
