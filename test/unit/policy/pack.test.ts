import assert from "node:assert/strict";
import { RunningPack, secret, unknownText } from "./running-pack.ts";

const chart = {
  chart: "cilium",
  version: "1.19.6",
  repositoryOpts: { repo: "https://helm.cilium.io" },
  maxHistory: 5,
};
const release = "kubernetes:helm.sh/v3:Release";

describe("policy: the pack as the engine runs it", () => {
  let pack: RunningPack;

  before(async () => {
    pack = await RunningPack.start();
  });

  after(() => pack.stop());

  it("says nothing of a resource that keeps the rules", async () => {
    assert.deepEqual(await pack.judge(release, chart), []);
  });

  it("fails the run at one that does not, with the resource, what is wrong and what to do", async () => {
    const [found = ""] = await pack.judge(release, { ...chart, version: "1.x" });
    assert.match(found, /^sample: version 1\.x is not one release.*give it in full/);
  });

  it("knows which values the engine was told to hide, at any depth", async () => {
    const values = (password: unknown): object => ({ ...chart, values: { a: [{ password }] } });
    assert.deepEqual(await pack.judge(release, values("plain")), [
      "sample: values.a[0].password holds a value in plain text that its name calls secret; pass it as a secret (a " +
        "`SecretRef` of the config, or pulumi.secret), so that state and output hide it",
    ]);
    assert.deepEqual(await pack.judge(release, values(secret("hidden"))), []);
    assert.deepEqual(await pack.judge(release, values(secret(unknownText))), []);
    assert.deepEqual(
      await pack.judge(release, { ...chart, values: secret({ password: "h" }) }),
      [],
    );
  });

  it("looks into secrets where a rule needs it", async () => {
    const judge = (connection: unknown): Promise<readonly string[]> =>
      pack.judge("command:remote:Command", { create: "true", connection });
    assert.match((await judge(secret({ host: "192.0.2.1" }))).join(), /hostKey is missing/);
    const hostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB";
    assert.deepEqual(await judge(secret({ host: "192.0.2.1", hostKey: secret(hostKey) })), []);
    assert.deepEqual(await judge(unknownText), []);
  });

  it("judges a stack as a whole", async () => {
    const record = {
      name: "app.example.net",
      type: "CNAME",
      content: unknownText,
      proxied: true,
    };
    const type = "cloudflare:index/dnsRecord:DnsRecord";
    assert.match((await pack.judgeStack({ [type]: record })).join(), /^sample: name: app\.example/);
    const application = "cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication";
    const gated = { [type]: record, [application]: { domain: "app.example.net" } };
    assert.deepEqual(await pack.judgeStack(gated), []);
  });
});
