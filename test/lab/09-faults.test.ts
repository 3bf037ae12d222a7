import assert from "node:assert/strict";
import { refused } from "./command.ts";
import { changeConfig, eventually, nothingToChange, up } from "./site.ts";
import { given, siteIsUp } from "./states.ts";
import { cloudflare, fault, noFaults, tailscale, typeoRecord } from "./world.ts";

describe("an API that has a bad day", () => {
  given(siteIsUp);
  afterEach(noFaults);

  it("is waited out at Cloudflare, and gone on after where Tailscale's plugin gives up, which the run says", async () => {
    const { id, content } = await typeoRecord();
    await cloudflare("PATCH", `zones/{z}/dns_records/${id}`, { content: "elsewhere.example.net" });
    const put = { service: "cloudflare", method: "PUT", path: "/dns_records/" } as const;
    const slow = await fault({
      ...put,
      times: 2,
      effect: { kind: "fail", status: 429, message: "slow down", retryAfterSeconds: 1 },
    });
    const broken = await fault({ ...put, times: 1, effect: { kind: "fail", status: 500 } });
    const dns = "tailnet/-/dns/split-dns";
    await tailscale("PATCH", dns, JSON.stringify({ "home.arpa": ["192.168.1.250"] }));
    const limited = await fault({
      service: "tailscale",
      method: "PATCH",
      path: "/dns/split-dns",
      times: 2,
      effect: { kind: "fail", status: 429, message: "rate limit" },
    });
    const said = await up("home", "--refresh");
    assert.deepEqual([await slow(), await broken(), await limited()], [2, 1, 2]);
    assert.match(said, /429/);
    assert.match(said, /again/);
    assert.equal((await typeoRecord()).content, content);
    assert.deepEqual(JSON.parse(await tailscale("GET", dns)), { "home.arpa": ["192.168.1.1"] });
  });
});

describe("two ups at once", () => {
  given(siteIsUp);
  afterEach(noFaults);

  it("one is refused, the other ends well", async () => {
    await changeConfig("homelab:edge.access.family.sessionDuration", ["12h", "24h"]);
    // The first run is held where it has the stack's lock, for longer than a busy machine takes to preview the second.
    const held = await fault({
      service: "cloudflare",
      method: "PUT",
      path: "/access/",
      times: 1,
      effect: { kind: "delay", milliseconds: 60_000 },
    });
    const first = up("home");
    await eventually(180, async () => assert.ok((await held()) > 0, "it has not come so far"));
    const second = await refused`node scripts/up.ts --stack home`;
    assert.match(second, /being changed by another run/);
    await first;
    await noFaults();
    await nothingToChange("home");
  });
});
