import assert from "node:assert/strict";
import { runInLab } from "../../lab/lab.ts";
import { paths, refused, run } from "./command.ts";
import { eventually, setConfig, up } from "./site.ts";
import { given, siteIsUp } from "./states.ts";
import { cloudflare, credentials, fault, noFaults, typeoRecord } from "./world.ts";
import { words } from "./words.ts";

/** Fails when a text repeats one of the lab's secrets, or one of those given. */
async function expectNoSecret(text: string, ...more: string[]): Promise<void> {
  const { apiTokenSecret, cloudflareToken, connectToken, tailscale: client } = await credentials();
  for (const secret of [
    apiTokenSecret,
    cloudflareToken,
    connectToken,
    client.clientSecret,
    ...more,
  ])
    assert.ok(!text.includes(secret), "the message repeats a secret");
}

describe("what is wrong with credentials and hosts", () => {
  given(siteIsUp);
  afterEach(noFaults);

  const plain = "plain-words-that-are-no-token-000000000000";
  const endpoint = "homelab:proxmox.endpoint";

  it("a wrong Connect token is one clear error", async () => {
    const said = await refused`env OP_CONNECT_TOKEN=${plain} node scripts/preview.ts --stack home`;
    assert.match(said, /OP_CONNECT_TOKEN/);
    await expectNoSecret(said, plain);
  });

  it("a Connect server that does not answer is one clear error, and the next run is clean", async () => {
    await fault({ service: "connect", effect: { kind: "cut" } });
    const said = await refused`node scripts/up.ts --stack home`;
    assert.match(said, /https:\/\/connect\.home\.arpa/);
    await expectNoSecret(said);
    await noFaults();
    await run`node scripts/preview.ts --stack home --expect-no-changes`;
  });

  it("a wrong passphrase is refused, with nothing changed", async () => {
    const said =
      await refused`env PULUMI_CONFIG_PASSPHRASE=${plain} node scripts/preview.ts --stack home`;
    assert.match(said, /incorrect passphrase/);
    await expectNoSecret(said, plain);
  });

  it("a Proxmox token that was revoked is one clear error", async () => {
    const refusal = { kind: "fail", status: 401, message: "invalid token value!" } as const;
    await fault({ service: "proxmox", effect: refusal });
    const said = await refused`node scripts/preview.ts --stack home`;
    assert.match(said, /401/);
    assert.match(said, /192\.168\.1\.11/);
    await expectNoSecret(said);
    await noFaults();
  });

  it("a Cloudflare token that was revoked is one clear error", async () => {
    const { id } = await typeoRecord();
    await cloudflare("PATCH", `zones/{z}/dns_records/${id}`, { content: "elsewhere.example.net" });
    const refusal = { kind: "fail", status: 401, message: "Invalid API Token" } as const;
    await fault({ service: "cloudflare", effect: refusal });
    const said = await refused`node scripts/up.ts --stack home --refresh`;
    assert.match(said, /401/);
    await expectNoSecret(said);
    await noFaults();
    await up("home", "--refresh");
  });

  it("a host that nothing answers at is named", async () => {
    await setConfig(endpoint, "https://192.168.1.99:8006");
    const said = await refused`node scripts/preview.ts --stack home`;
    assert.match(said, /192\.168\.1\.99/);
    await setConfig(endpoint, "https://192.168.1.11:8006");
  });

  it("a certificate that has expired is named", async () => {
    const ended = new AbortController();
    const server = expiredServer(ended.signal);
    try {
      await eventually(20, async () => {
        await run`curl -sk --max-time 2 https://192.168.1.2:9443/`;
      });
      await setConfig(endpoint, "https://192.168.1.2:9443");
      const said = await refused`node scripts/preview.ts --stack home`;
      assert.match(said, /expired/);
      assert.match(said, /192\.168\.1\.2/);
    } finally {
      ended.abort();
      await server;
      await setConfig(endpoint, "https://192.168.1.11:8006");
    }
  });
});

/** A server inside the lab whose certificate, of the lab's authority, ended yesterday. */
async function expiredServer(signal: AbortSignal): Promise<void> {
  const command = words`node test/lab/expired-server.ts ${paths.ca} 192.168.1.2 9443`;
  await runInLab(command, { stdio: "capture", keepHome: true, signal }).catch((error: Error) => {
    if (error.name !== "AbortError") throw error;
  });
}
