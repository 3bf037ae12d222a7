import assert from "node:assert/strict";
import { refused } from "./command.ts";
import { changeConfig, eventually, nothingToChange, up } from "./site.ts";
import { given, siteIsUp } from "./states.ts";
import { cloudflare, fault, noFaults, tailscale, typeoRecord } from "./world.ts";

describe("an API that has a bad day", () => {
  given(siteIsUp);
  afterEach(noFaults);

  it("Cloudflare: 429 with Retry-After, then 500, are waited out", async () => {
    const { id, content } = await typeoRecord();
    await cloudflare("PATCH", `zones/{z}/dns_records/${id}`, { content: "elsewhere.example.net" });
    const put = { service: "cloudflare", method: "PUT", path: "/dns_records/" } as const;
    const busy = await fault({
      ...put,
      times: 2,
      effect: { kind: "fail", status: 429, message: "slow down", retryAfterSeconds: 1 },
    });
    const broken = await fault({ ...put, times: 1, effect: { kind: "fail", status: 500 } });
    await up("home", "--refresh");
    assert.deepEqual([await busy(), await broken()], [2, 1]);
    assert.equal((await typeoRecord()).content, content);
  });

  it("Tailscale: the plugin gives up at 429; the run goes on and says so", async () => {
    const dns = "tailnet/-/dns/split-dns";
    await tailscale("PATCH", dns, JSON.stringify({ "home.arpa": ["192.168.1.250"] }));
    const busy = await fault({
      service: "tailscale",
      method: "PATCH",
      path: "/dns/split-dns",
      times: 2,
      effect: { kind: "fail", status: 429, message: "rate limit" },
    });
    const said = await up("home", "--refresh");
    assert.equal(await busy(), 2);
    assert.match(said, /429/);
    assert.match(said, /again/);
    assert.deepEqual(JSON.parse(await tailscale("GET", dns)), { "home.arpa": ["192.168.1.1"] });
  });
});

describe("two ups at once", () => {
  given(siteIsUp);
  afterEach(noFaults);

  it("one is refused, the other ends well", async () => {
    await changeConfig("homelab:edge.access.family.sessionDuration", ["12h", "24h"]);
    // The first run is held where it has the stack's lock.
    const held = await fault({
      service: "cloudflare",
      method: "PUT",
      path: "/access/",
      times: 1,
      effect: { kind: "delay", milliseconds: 15_000 },
    });
    const first = up("home");
    await eventually(60, async () => assert.ok((await held()) > 0, "it has not come so far"));
    const second = await refused`node scripts/up.ts --stack home`;
    assert.match(second, /being changed by another run/);
    await first;
    await noFaults();
    await nothingToChange("home");
  });
});
