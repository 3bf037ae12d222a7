import assert from "node:assert/strict";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { cloudflareRemedy } from "../../../scripts/departure/remedies.ts";
import { FailureLog, type Failure } from "../../../scripts/retry/failures.ts";
import { withRetry } from "../../../scripts/retry/retry.ts";
import { tailscaleRemedy } from "../../../scripts/retry/tailscale.ts";

const acl = "tailscale:index/acl:Acl";
const key = "tailscale:index/tailnetKey:TailnetKey";
const urnOf = (type: string, name: string): string =>
  `urn:pulumi:home::homelab::homelab:tailnet:Tailnet$${type}::${name}`;

/** The events that the engine sends for one failed resource. */
function failed(type: string, name: string, op: string, message: string): readonly EngineEvent[] {
  const urn = urnOf(type, name);
  return [
    { diagnosticEvent: { urn, prefix: "error: ", message, severity: "error", color: "never" } },
    { resOpFailedEvent: { metadata: { op, urn, type }, status: 0, steps: 1 } },
    { diagnosticEvent: { message: "update failed\n", severity: "error", color: "never" } },
  ] as unknown as readonly EngineEvent[];
}

/** Runs that fail with the given events, one after the other, then succeed; and what was said and waited for. */
function trial(...runs: readonly (readonly EngineEvent[])[]) {
  const said: string[] = [];
  const waited: number[] = [];
  let clock = 0;
  let count = 0;
  const result = withRetry(
    (onEvent) => {
      const events = runs[count];
      count += 1;
      if (events === undefined) return Promise.resolve("done");
      events.forEach((event) => onEvent(event));
      return Promise.reject(new Error(`run ${count} failed`));
    },
    [tailscaleRemedy],
    (text) => said.push(text),
    {
      pause: (milliseconds) => {
        waited.push(milliseconds / 1000);
        clock += milliseconds;
        return Promise.resolve();
      },
      now: () => clock,
    },
  );
  return { result, said, waited, runs: () => count };
}

describe("up", () => {
  const limited = failed(acl, "policy", "update", "Failed to set ACL: injected (429)\n");

  it("goes on after Tailscale asked for fewer calls, and says what it waits for", async () => {
    const { result, said, waited } = trial(limited, limited);
    assert.equal(await result, "done");
    assert.deepEqual(waited, [5, 15]);
    assert.equal(
      said[0],
      "Tailscale asks for fewer calls (429, policy); trying again in 5 s (try 2 of 5)",
    );
  });

  it("does not take for another failure what the first one has ended", async () => {
    const message = "failed to run remediation: context canceled\n";
    const ended = [
      { diagnosticEvent: { message, severity: "error", color: "never" } },
    ] as unknown as readonly EngineEvent[];
    const { result, waited } = trial([...limited, ...ended]);
    assert.equal(await result, "done");
    assert.deepEqual(waited, [5]);
    await assert.rejects(trial(ended).result, /run 1 failed/);
  });

  it("gives up after five tries, within five minutes", async () => {
    const { result, said, waited, runs } = trial(...Array.from({ length: 9 }, () => limited));
    await assert.rejects(result, /run 5 failed/);
    assert.equal(runs(), 5);
    assert.ok(waited.reduce((sum, seconds) => sum + seconds, 0) <= 300);
    assert.match(said.at(-1) ?? "", /gave up after 5 tries/);
  });

  it("ends at once when anything else failed beside it", async () => {
    const other = failed("kubernetes:apps/v1:Deployment", "typeo", "create", "timed out (500)");
    const { result, runs } = trial([...limited, ...other]);
    await assert.rejects(result, /run 1 failed/);
    assert.equal(runs(), 1);
  });

  it("ends at once with an error that is no resource's", async () => {
    const program = {
      diagnosticEvent: {
        message: "Connect does not answer (503)\n",
        severity: "error",
        color: "never",
      },
    } as unknown as EngineEvent;
    const { result, runs } = trial([program]);
    await assert.rejects(result, /run 1 failed/);
    assert.equal(runs(), 1);
  });

  it("ends at once when nothing was said, such as at another run's lock", async () => {
    const { result, runs } = trial([]);
    await assert.rejects(result, /run 1 failed/);
    assert.equal(runs(), 1);
  });

  it("makes no second key after a server's error, and names the doctor", async () => {
    const { result, said, runs } = trial(failed(key, "node-key", "create", "injected (502)\n"));
    await assert.rejects(result, /run 1 failed/);
    assert.equal(runs(), 1);
    assert.match(said[0] ?? "", /node-key: .*may exist now.*npm run doctor/);
  });
});

describe("Tailscale's failures", () => {
  const verdict = (type: string, op: string | undefined, text: string): string | undefined =>
    tailscaleRemedy({ type, name: "x", ...(op === undefined ? {} : { op }), text })?.kind;

  for (const status of [500, 502, 503]) {
    it(`pass after ${status} where doing it twice changes nothing`, () => {
      for (const type of [
        acl,
        "tailscale:index/dnsPreferences:DnsPreferences",
        "tailscale:index/deviceTags:DeviceTags",
      ]) {
        assert.equal(verdict(type, "create", `Failed (${status})`), "again");
      }
      assert.equal(verdict(key, "delete", `Failed (${status})`), "again");
      assert.equal(verdict(key, "create", `Failed (${status})`), "advice");
      assert.equal(verdict(key, undefined, `Failed (${status})`), "advice");
      assert.equal(
        verdict("tailscale:index/oauthClient:OauthClient", "create-replacement", `(${status})`),
        "advice",
      );
    });
  }

  it("are none of what has to be changed by a person", () => {
    assert.equal(verdict(acl, "create", "Overwrite Protected (412)"), undefined);
    assert.equal(verdict(key, "create", "requested tags [tag:x] are invalid (400)"), undefined);
    assert.equal(verdict(key, "create", "asked too often (429)"), "again");
    assert.equal(verdict("kubernetes:core/v1:Secret", "create", "(429)"), undefined);
    assert.equal(verdict(acl, "create", "the address 10.0.0.1 (500) is odd"), undefined);
  });
});

describe("the engine's events", () => {
  it("make one failure a resource, with what the engine was at", () => {
    const log = new FailureLog();
    failed(acl, "policy", "update", "one").forEach(log.listen);
    failed(acl, "policy", "update", "two").forEach(log.listen);
    assert.deepEqual(log.failures, [
      { urn: urnOf(acl, "policy"), type: acl, name: "policy", op: "update", text: "one\ntwo" },
    ] satisfies Failure[]);
  });
});

describe("a destroy at Cloudflare", () => {
  const tunnel = "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared";
  const done: string[] = [];
  const remedy = cloudflareRemedy({
    dropConnections: () => Promise.resolve(void done.push("dropped")),
    lookAgain: (urn) => Promise.resolve(void done.push(urn)),
  });
  const cure = (op: string, text: string) => {
    const urn = urnOf(tunnel, "tunnel");
    return remedy({ urn, type: tunnel, name: "tunnel", op, text });
  };

  it("drops connections that a tunnel still counts", async () => {
    const found = cure(
      "delete",
      `400 Bad Request {"errors":[{"code":1022,"message":"active connections"}]}`,
    );
    assert.ok(found?.kind === "again");
    await found.before?.();
    assert.deepEqual(done.splice(0), ["dropped"]);
  });

  it("looks again for what is gone already", async () => {
    const found = cure("delete", `DELETE "https://x": 404 Not Found {"errors":[]}`);
    assert.ok(found?.kind === "again");
    await found.before?.();
    assert.deepEqual(done.splice(0), [urnOf(tunnel, "tunnel")]);
  });

  it("leaves every other failure to the person", () => {
    assert.equal(cure("delete", "403 Forbidden"), undefined);
    assert.equal(cure("create", `404 Not Found {"errors":[]}`), undefined);
  });
});
