import assert from "node:assert/strict";
import { RunError } from "@pulumi/pulumi";
import { checkForeignPolicy } from "../../../components/tailnet/foreign-policy.ts";
import { policyAtStart } from "../../../components/tailnet/policy-at-start.ts";
import {
  guardPolicy,
  mayOverwrite,
  policySha256,
  type PolicyChange,
} from "../../../components/tailnet/policy-guard.ts";
import { removeDevices } from "../../../components/tailnet/stale-devices.ts";
import { TailscaleApi } from "../../../components/tailnet/tailscale-api.ts";
import type { ServiceError } from "../../../components/http/service-error.ts";
import { clientSecret, smallApi, type SmallApi } from "./tailnet-api.ts";

let api: SmallApi;
beforeEach(async () => {
  api = await smallApi();
});
afterEach(() => api.close());

/** The error that a call ends in; fails when it does not. */
async function errorOf(promise: Promise<unknown>): Promise<Error> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason as Error,
  );
  assert.ok(error, "it did not fail");
  assert.ok(!error.message.includes(clientSecret));
  return error;
}

function inForce(policy: string): void {
  Object.assign(api.tailnet, { policy, isDefault: false });
}

/** A change by the stack home. */
const change = (next: string, more: Partial<PolicyChange> = {}): PolicyChange => ({
  ...{ next, tags: ["tag:home-node"] },
  ...more,
});

describe("guard of the tailnet's policy", () => {
  const guard = (next: string, more?: Partial<PolicyChange>): Promise<void> =>
    guardPolicy(api.client(), change(next, more));

  it("lets the first policy replace Tailscale's default where no device is but the site's own", async () => {
    api.tailnet.devices = [{ nodeId: "n1", name: "a", hostname: "a", tags: ["tag:home-node"] }];
    await guard('{"grants":[]}');
    assert.deepEqual(api.tailnet.calls, [
      "POST tailnet/-/acl/validate",
      "GET tailnet/-/acl",
      "GET tailnet/-/devices",
    ]);
  });

  it("asks before it replaces the default of a tailnet that is in use, and says whom that touches", async () => {
    api.tailnet.policy = '{"grants": [{"src": ["*"], "dst": ["*"], "ip": ["*"]}]}';
    const [phone, pad] = ["n1", "n2"].map((nodeId) => ({
      ...{ nodeId, name: nodeId, hostname: nodeId, user: "kid@github" },
    }));
    assert.ok(phone && pad);
    api.tailnet.devices = [
      phone,
      pad,
      { nodeId: "n3", name: "n3", hostname: "nas", tags: ["tag:nas"], user: "tagged-devices" },
      { nodeId: "n4", name: "n4", hostname: "stone", tags: ["tag:home-node"] },
    ];
    const { message } = await errorOf(guard('{"grants": []}'));
    assert.match(message, /Tailscale's default policy, which this stack would replace/);
    assert.match(
      message,
      /touches 3 devices of 1 user \(kid@github\), 1 of them with tags of others/,
    );
    assert.match(message, /\n- grants: \{"src":\["\*"\],"dst":\["\*"\],"ip":\["\*"\]\}\n/);
    assert.match(message, /homelab:tailnet\.policy\.adopt: default;/);
    await guard('{"grants": []}', { adopt: "default" });
  });

  it("takes for its own what a destroy of this site has left in force for others", async () => {
    const left = '{"tagOwners": {"tag:cabin-node": ["autogroup:admin"]}, "grants": []}';
    inForce(left.replaceAll(" ", "\n"));
    await guard('{"grants": [], "tests": []}', { left });
    assert.equal(mayOverwrite({ text: left, isDefault: false }, { next: "{}", left }), true);
    assert.match(
      (await errorOf(guard("{}", { left: '{"grants": []}' }))).message,
      /a policy of its own/,
    );
  });

  it("refuses a policy that fails its own tests, and lists each", async () => {
    api.tailnet.failedTests = [
      {
        user: "family@example.net",
        errors: ['address "tag:home-node:22": want: Drop, got: Accept'],
      },
      { user: "admin@example.net", errors: ["one", "two"] },
    ];
    const { message } = await errorOf(guard("{}"));
    assert.match(message, /fails its own tests and was not applied:\n/);
    assert.match(message, / {2}family@example\.net: address "tag:home-node:22": want: Drop/);
    assert.match(message, / {2}admin@example\.net: one\n {2}admin@example\.net: two\n/);
  });

  it("refuses to overwrite what was edited elsewhere, and shows the edit alone", async () => {
    const many = Array.from({ length: 60 }, (_, i) => ({ src: [`tag:a${i}`], dst: ["*"] }));
    const theirs = [...many, { src: ["tag:theirs"], dst: ["*"] }];
    inForce(JSON.stringify({ Grants: theirs }, undefined, "\t"));
    const written = JSON.stringify({ grants: many });
    const { message } = await errorOf(guard("{}", { written }));
    assert.match(
      message,
      /in force\):\n\+ grants: \{"src":\["tag:theirs"\],"dst":\["\*"\]\}\n`npm/,
    );
    assert.match(message, /npm run preview -- --refresh/);
    assert.match(message, /npm run up -- --refresh/);
  });

  it("finds a comment that somebody wrote", async () => {
    inForce('// mind the gap\n{\n\t"grants": [],\n}\n');
    const { message } = await errorOf(guard("{}", { written: '{"grants": []}' }));
    assert.match(message, /\n\+ \/\/ mind the gap\n/);
  });

  it("goes on when what is in force is what this stack wrote or will write, in whatever form", async () => {
    const ours = '{"grants": [], "groups": {"group:a": ["a@b.c"]}}';
    inForce('{\n\t"grants": [],\n\t"groups": {"group:a": ["a@b.c"]},\n}\n');
    await guard('{"grants": ["new"]}', { written: ours });
    await guard(ours, { written: '{"grants": ["old"]}' });
    await guard(ours);
  });

  it("refuses a foreign policy and names the SHA-256 that confirms it; only that one is replaced", async () => {
    inForce('{"theirs": 1}');
    const { message } = await errorOf(guard("{}"));
    assert.match(message, /touches no device but the site's own/);
    assert.match(message, /Read the policy first/);
    const adopt = /homelab:tailnet\.policy\.adopt: ([0-9a-f]{64})/.exec(message)?.[1];
    assert.equal(adopt, policySha256('{"theirs": 1}'));
    await guard("{}", { adopt });
    inForce('{"theirs": 2}');
    await errorOf(guard("{}", { adopt }));
    await errorOf(guard("{}", { adopt: "default" }));
  });
});

describe("calls of Tailscale's API", () => {
  it("are repeated after 429 and 500, as long as the server asks", async () => {
    api.tailnet.faults = [{ status: 429, retryAfter: 3 }, { status: 500 }];
    assert.equal((await api.client().policy()).isDefault, true);
    assert.deepEqual(api.waits, [3000, 1000]);
  });

  it("give up after about 20 s with the server's own words", async () => {
    api.tailnet.faults = Array.from({ length: 30 }, () => ({ status: 503 }));
    const error = await errorOf(api.client().policy());
    assert.match(error.message, /GET tailnet\/-\/acl: .* answers 503 .*injected 503/);
    assert.ok(api.waits.reduce((sum, wait) => sum + wait, 0) <= 20_000);
    assert.equal((error as ServiceError).kind, "unavailable");
  });

  it("do not wait longer than that, whatever the server asks", async () => {
    api.tailnet.faults = [{ status: 429, retryAfter: 600 }];
    assert.match((await errorOf(api.client().policy())).message, /429 \(too many requests\)/);
    assert.deepEqual(api.waits, []);
  });

  it("say that the OAuth client is wrong, once and without its secret", async () => {
    const error = await errorOf(api.client("wrong-canary").policy());
    assert.match(error.message, /OAuth client of homelab:tailnet\.oauth is not accepted \(401\)/);
    assert.ok(!error.message.includes("wrong-canary"));
    assert.deepEqual([api.waits, api.tailnet.calls], [[], []]);
  });

  it("name the scope that is missing, and ask once", async () => {
    api.tailnet.faults = [{ status: 403, body: { message: "not enough permissions" } }];
    const error = await errorOf(api.client().devices());
    assert.match(error.message, /403, not enough permissions\. .*lacks the scope devices:core/);
    assert.equal(api.tailnet.calls.length, 1);
  });

  it("take a new token when the one before has expired, and name the client when that does not help", async () => {
    api.tailnet.faults = [{ status: 401 }];
    assert.equal((await api.client().policy()).isDefault, true);
    api.tailnet.faults = [{ status: 401 }, { status: 401 }];
    assert.match((await errorOf(api.client().policy())).message, /401, injected 401.*was revoked/);
  });

  it("say that the tailnet is unknown", async () => {
    const client = new TailscaleApi({
      tailnet: "else.example",
      clientId: "client",
      clientSecret,
      baseUrl: api.url,
    });
    const error = await errorOf(client.policy());
    assert.match(error.message, /homelab:tailnet\.tailnet right\? It is "else\.example"/);
    assert.equal((error as ServiceError).kind, "missing");
  });

  it("say who does not answer", async () => {
    await api.close();
    const error = await errorOf(api.client().policy());
    assert.match(error.message, /127\.0\.0\.1:\d+ cannot be reached: connect ECONNREFUSED/);
  });
});

describe("scopes of the OAuth client", () => {
  it("are those that the answer with a token tells", async () => {
    for (const scope of ["dns policy_file:read", "dns,policy_file:read"]) {
      api.tailnet.scope = scope;
      assert.deepEqual(await api.client().scopes(), ["dns", "policy_file:read"]);
    }
  });

  it("are not known, and not taken for none, where it tells nothing of them", async () => {
    for (const scope of [undefined, null, "", " ", ["dns"]]) {
      api.tailnet.scope = scope;
      assert.equal(await api.client().scopes(), undefined, JSON.stringify(scope));
    }
  });
});

describe("keys of the tailnet", () => {
  it("are asked for one by one where the list tells their ids alone", async () => {
    api.tailnet.keys = new Map([["k1", ["tag:home-node"]]]);
    api.tailnet.clients = new Map([["c1", ["tag:home-stack"]]]);
    const whole = await api.client().keys();
    assert.deepEqual(
      whole.map(({ id, keyType, tags }) => [id, keyType, tags]),
      [
        ["k1", "auth", ["tag:home-node"]],
        ["c1", "client", ["tag:home-stack"]],
      ],
    );
    api.tailnet.listsIdsAlone = true;
    assert.deepEqual(await api.client().keys(), whole);
  });
});

describe("devices of the tailnet", () => {
  it("lose their name only with the site's tag, and one that is gone is fine", async () => {
    api.tailnet.devices = [
      { nodeId: "n1", name: "stone.ts.net", hostname: "stone", tags: ["tag:home-node"] },
      { nodeId: "n2", name: "stone-1.ts.net", hostname: "stone", tags: ["tag:cabin-node"] },
      { nodeId: "n3", name: "phone.ts.net", hostname: "stone" },
      { nodeId: "n4", name: "tank.ts.net", hostname: "tank", tags: ["tag:home-node"] },
    ];
    const client = api.client();
    const removed = await removeDevices(client, "tag:home-node", (name) => name === "stone");
    assert.deepEqual(removed, ["stone.ts.net"]);
    assert.deepEqual(
      api.tailnet.devices.map(({ nodeId }) => nodeId),
      ["n2", "n3", "n4"],
    );
    await client.deleteDevice("n1");
  });
});

describe("check of a policy that another stack owns", () => {
  const needs = { site: "cabin", routes: ["192.168.2.0/24"], exitNode: true };

  it("passes with comments and trailing commas", async () => {
    inForce(`{ // by hand
      "tagOwners": {"tag:cabin-node": [], "tag:cabin-operator": [], "tag:cabin-connector": ["tag:cabin-operator",],},
      "autoApprovers": {"routes": {"192.168.0.0/16": ["tag:cabin-connector"]}, "exitNode": ["tag:cabin-connector"]},
    }`);
    await checkForeignPolicy(api.client(), needs);
  });

  it("passes whatever the case of the sections' names", async () => {
    inForce(`{
      "TagOwners": {"tag:cabin-node": [], "tag:cabin-operator": [], "tag:cabin-connector": ["tag:cabin-operator"]},
      "AutoApprovers": {"Routes": {"192.168.0.0/16": ["tag:cabin-connector"]}, "ExitNode": ["tag:cabin-connector"]},
    }`);
    await checkForeignPolicy(api.client(), needs);
  });

  it("says what to add to the owner's file", async () => {
    inForce("{}");
    const { message } = await errorOf(checkForeignPolicy(api.client(), needs));
    assert.match(message, /tagOwners has no tag:cabin-node/);
    assert.match(message, /\n {8}cabin: \{ routes: \[192\.168\.2\.0\/24\] \}/);
    assert.match(message, /run its `npm run up` first/);
    assert.match(message, /kept by hand, .*\n {2}"tagOwners": \{\n {4}"tag:cabin-stack"/);
    assert.match(message, /\n {6}"192\.168\.2\.0\/24": \[\n {8}"tag:cabin-connector"\n/);
  });

  it("gives the owner the policy in force, and ends the program without a stack trace otherwise", async () => {
    inForce("{}");
    const found = await policyAtStart(api.client(), true, needs);
    assert.deepEqual(found, { text: "{}", isDefault: false });
    inForce("{}");
    assert.ok(RunError.isInstance(await errorOf(policyAtStart(api.client(), false, needs))));
  });

  it("says that the policy cannot be read", async () => {
    inForce("<html>");
    assert.match(
      (await errorOf(checkForeignPolicy(api.client(), needs))).message,
      /cannot be read as HuJSON/,
    );
  });
});
