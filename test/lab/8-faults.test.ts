import assert from "node:assert/strict";
import { attempt, eventually, paths, refused, run } from "./site.ts";
import { cloudflare, credentials, fault, noFaults, tailscale } from "./world.ts";

interface DnsRecord {
  readonly id: string;
  readonly name: string;
  readonly content: string;
}

async function record(): Promise<DnsRecord> {
  const found = await cloudflare<DnsRecord[]>(
    "GET",
    "zones/{z}/dns_records?name=typeo.example.net",
  );
  assert.ok(found[0], "typeo.example.net has no record");
  return found[0];
}

/** `npm run up`, with everything that it says. */
async function up(...options: string[]): Promise<string> {
  const result = await attempt("node", "scripts/up.ts", "--stack", "home", ...options);
  assert.equal(result.code, 0, `${result.stdout}\n${result.stderr}`);
  return `${result.stdout}\n${result.stderr}`;
}

const preview = (env: Readonly<Record<string, string>>): Promise<string> =>
  refused(
    "env",
    ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
    ...["node", "scripts/preview.ts", "--stack", "home"],
  );

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

const nothingToChange = async (): Promise<void> => {
  await run("pulumi", "preview", "--stack", "home", "--refresh", "--expect-no-changes");
};

describe("an API that has a bad day", () => {
  afterEach(noFaults);

  it("Cloudflare: 429 with Retry-After, then 500, are waited out", async () => {
    const { id, content } = await record();
    await cloudflare("PATCH", `zones/{z}/dns_records/${id}`, { content: "elsewhere.example.net" });
    const put = { service: "cloudflare", method: "PUT", path: "/dns_records/" } as const;
    const busy = await fault({
      ...put,
      times: 2,
      effect: { kind: "fail", status: 429, message: "slow down", retryAfterSeconds: 1 },
    });
    const broken = await fault({ ...put, times: 1, effect: { kind: "fail", status: 500 } });
    await up("--refresh");
    assert.deepEqual([await busy(), await broken()], [2, 1]);
    assert.equal((await record()).content, content);
  });

  it("Tailscale: the plugin gives up at 429; the run goes on and says so", async () => {
    const dns = "tailnet/-/dns/split-dns";
    await tailscale("PATCH", dns, JSON.stringify({ "home.arpa": ["192.168.1.250"] }));
    const effect = { kind: "fail", status: 429, message: "rate limit" } as const;
    const service = "tailscale";
    const busy = await fault({
      service,
      method: "PATCH",
      path: "/dns/split-dns",
      times: 2,
      effect,
    });
    const said = await up("--refresh");
    assert.equal(await busy(), 2);
    assert.match(said, /429/);
    assert.match(said, /again/);
    assert.deepEqual(JSON.parse(await tailscale("GET", dns)), { "home.arpa": ["192.168.1.1"] });
    await nothingToChange();
  });
});

describe("a policy that was edited elsewhere", () => {
  const edited = "// edited in the admin console\n";

  it("is not overwritten by a change of this site's own", async () => {
    const policy = await tailscale("GET", "tailnet/-/acl");
    await tailscale("POST", "tailnet/-/acl", `${edited}${policy}`);
    await run(
      ...["pulumi", "config", "set", "--stack", "home", "--path"],
      ...["homelab:tailnet.policy.admins[1]", "second-admin@example.net"],
    );
    const said = await refused("node", "scripts/up.ts", "--stack", "home");
    assert.match(said, /edited in the admin console/);
    assert.match(said, /--refresh/);
    assert.equal(await tailscale("GET", "tailnet/-/acl"), `${edited}${policy}`);
  });

  it("is replaced when somebody has looked and says so", async () => {
    await up("--refresh");
    const policy = await tailscale("GET", "tailnet/-/acl");
    assert.ok(policy.includes("second-admin@example.net") && !policy.includes(edited));
    await nothingToChange();
  });

  it("is refused when its own tests do not hold, and the one in force stays", async () => {
    const policy = await tailscale("GET", "tailnet/-/acl");
    await run(
      ...["pulumi", "config", "set", "--stack", "home", "--path"],
      ...["homelab:tailnet.policy.tests[0].src", "family@example.net"],
    );
    await run(
      ...["pulumi", "config", "set", "--stack", "home", "--path"],
      ...["homelab:tailnet.policy.tests[0].accept[0]", "tag:home-node:22"],
    );
    assert.match(await refused("node", "scripts/up.ts", "--stack", "home"), /family@example\.net/);
    assert.equal(await tailscale("GET", "tailnet/-/acl"), policy);
    await run(
      ...["pulumi", "config", "rm", "--stack", "home", "--path", "homelab:tailnet.policy.tests"],
    );
    await nothingToChange();
  });
});

describe("two ups at once", () => {
  afterEach(noFaults);

  it("one is refused, the other ends well", async () => {
    await run(
      ...["pulumi", "config", "set", "--stack", "home", "--path"],
      ...["homelab:edge.access.family.sessionDuration", "12h"],
    );
    // The first run is held where it has the stack's lock.
    const held = await fault({
      service: "cloudflare",
      method: "PUT",
      path: "/access/",
      times: 1,
      effect: { kind: "delay", milliseconds: 15_000 },
    });
    const first = up();
    await eventually(60, async () => assert.ok((await held()) > 0, "it has not come so far"));
    const second = await refused("node", "scripts/up.ts", "--stack", "home");
    assert.match(second, /being changed by another run/);
    await first;
    await noFaults();
    await nothingToChange();
  });
});

describe("what is wrong with credentials and hosts", () => {
  afterEach(noFaults);

  const plain = "plain-words-that-are-no-token-000000000000";

  it("a wrong Connect token is one clear error", async () => {
    const said = await preview({ OP_CONNECT_TOKEN: plain });
    assert.match(said, /OP_CONNECT_TOKEN/);
    await expectNoSecret(said, plain);
  });

  it("a Connect server that does not answer is one clear error, and the next run is clean", async () => {
    await fault({ service: "connect", effect: { kind: "cut" } });
    const said = await refused("node", "scripts/up.ts", "--stack", "home");
    assert.match(said, /https:\/\/connect\.home\.arpa/);
    await expectNoSecret(said);
    await noFaults();
    await up();
  });

  it("a wrong passphrase is refused, with nothing changed", async () => {
    const said = await preview({ PULUMI_CONFIG_PASSPHRASE: plain });
    assert.match(said, /incorrect passphrase/);
    await expectNoSecret(said, plain);
  });

  it("a Proxmox token that was revoked is one clear error", async () => {
    const refusal = { kind: "fail", status: 401, message: "invalid token value!" } as const;
    await fault({ service: "proxmox", effect: refusal });
    const said = await refused("node", "scripts/preview.ts", "--stack", "home");
    assert.match(said, /401/);
    assert.match(said, /192\.168\.1\.11/);
    await expectNoSecret(said);
    await noFaults();
  });

  it("a Cloudflare token that was revoked is one clear error", async () => {
    const { id } = await record();
    await cloudflare("PATCH", `zones/{z}/dns_records/${id}`, { content: "elsewhere.example.net" });
    const refusal = { kind: "fail", status: 401, message: "Invalid API Token" } as const;
    await fault({ service: "cloudflare", effect: refusal });
    const said = await refused("node", "scripts/up.ts", "--stack", "home", "--refresh");
    assert.match(said, /401/);
    await expectNoSecret(said);
    await noFaults();
    await up("--refresh");
    await nothingToChange();
  });

  it("a host that nothing answers at is named", async () => {
    const key = ["--stack", "home", "--path", "homelab:proxmox.endpoint"];
    await run("pulumi", "config", "set", ...key, "https://192.168.1.99:8006");
    const said = await refused("node", "scripts/preview.ts", "--stack", "home");
    assert.match(said, /192\.168\.1\.99/);
    await run("pulumi", "config", "set", ...key, "https://192.168.1.11:8006");
  });

  it("a certificate that has expired is named", async () => {
    const key = ["--stack", "home", "--path", "homelab:proxmox.endpoint"];
    const ended = new AbortController();
    const server = expiredServer(ended.signal);
    try {
      await eventually(20, async () => {
        await run("curl", "-sk", "--max-time", "2", "https://192.168.1.2:9443/");
      });
      await run("pulumi", "config", "set", ...key, "https://192.168.1.2:9443");
      const said = await refused("node", "scripts/preview.ts", "--stack", "home");
      assert.match(said, /expired/);
      assert.match(said, /192\.168\.1\.2/);
    } finally {
      ended.abort();
      await server;
      await run("pulumi", "config", "set", ...key, "https://192.168.1.11:8006");
    }
  });
});

/** A server inside the lab whose certificate, of the lab's authority, ended yesterday. */
async function expiredServer(signal: AbortSignal): Promise<void> {
  const { runInLab } = await import("../../lab/lab.ts");
  const command = ["node", "test/lab/expired-server.ts", paths.ca, "192.168.1.2", "9443"];
  await runInLab(command, { stdio: "capture", keepHome: true, signal }).catch((error: Error) => {
    if (error.name !== "AbortError") throw error;
  });
}
