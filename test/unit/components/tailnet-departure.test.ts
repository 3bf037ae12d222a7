import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import type { Parameters } from "../../../components/remote/shell.ts";
import { tailnetScripts } from "../../../components/tailnet/scripts.ts";
import { machineRoot, runScript, type ScriptRun } from "./machine-script.ts";
import { clientSecret, smallApi, type SmallApi } from "./tailnet-api.ts";

let root: string;
beforeEach(() => {
  root = machineRoot();
});
afterEach(() => rmSync(root, { recursive: true }));

/** It knows the cabin's machines: they lived by it. */
const before = '// mine\n{ "it\'s": "old", "tagOwners": { "tag:cabin-node": [] } }\n';
const written = '{\n  "written": "by this stack",\n  "tests": []\n}';

describe("departure", () => {
  let api: SmallApi;
  beforeEach(async () => {
    api = await smallApi();
    // As Tailscale's server formats it.
    Object.assign(api.tailnet, {
      policy: '{\n\t"written": "by this stack",\n\t"tests":   [],\n}\n',
      isDefault: false,
    });
    api.tailnet.devices = [
      { nodeId: "n1", name: "stone.ts.net", hostname: "stone", tags: ["tag:home-node"] },
      { nodeId: "n2", name: "phone.ts.net", hostname: "phone" },
      { nodeId: "n3", name: "hut.ts.net", hostname: "hut", tags: ["tag:cabin-node"] },
      { nodeId: "n4", name: "c.ts.net", hostname: "c", tags: ["tag:home-connector"] },
    ];
    api.tailnet.keys = new Map([
      ["k1", ["tag:home-operator"]],
      ["k2", ["tag:cabin-operator"]],
      ["k3", []],
      ["k4", ["tag:home-connector"]],
    ]);
    // Among them the one that the stack is signed in with.
    api.tailnet.clients = new Map([
      ["client", ["tag:home-node", "tag:home-operator"]],
      ["another", ["tag:home-operator"]],
    ]);
  });
  afterEach(() => api.close());

  /** Tailscale's default knows no tag. */
  function withoutCabin(): void {
    api.tailnet.devices = api.tailnet.devices.filter(({ nodeId }) => nodeId !== "n3");
  }

  const depart = (changes: Parameters = {}): Promise<ScriptRun> =>
    runScript(root, tailnetScripts.depart, {
      API: `${api.url}/api/v2`,
      TAILNET: "-",
      CLIENT_ID: "client",
      CLIENT_SECRET: clientSecret,
      TAGS: "tag:home-node tag:home-operator tag:home-connector",
      OWNS_POLICY: "yes",
      POLICY_BEFORE: before,
      POLICY_WRITTEN: written,
      POLICY_WITHOUT: '{"for": "the others"}',
      OTHER_TAGS: "tag:hut-node tag:hut-connector",
      ...changes,
    });

  it("puts the policy back byte for byte and removes this site's devices", async () => {
    const { code, stderr } = await depart();
    assert.equal(code, 0, stderr);
    assert.deepEqual(
      api.tailnet.devices.map(({ nodeId }) => nodeId),
      ["n2", "n3"],
    );
    assert.equal(api.tailnet.policy, before);
    assert.match(stderr, /removed the device stone\.ts\.net/);
  });

  it("removes Services that carry this site's tags alone, which a lost cluster has left", async () => {
    api.tailnet.services = new Map([
      ["svc:home-api", ["tag:home-connector"]],
      ["svc:shared", ["tag:home-connector", "tag:cabin-connector"]],
      ["svc:mine", []],
      ["svc:photos", ["tag:home-connector"]],
    ]);
    const { code, stderr } = await depart();
    assert.equal(code, 0, stderr);
    assert.deepEqual([...api.tailnet.services.keys()], ["svc:shared", "svc:mine"]);
    assert.match(stderr, /removed the Service svc:photos/);
  });

  it("revokes this site's keys, which its operator made, and no others", async () => {
    const { code, stderr } = await depart();
    assert.equal(code, 0, stderr);
    assert.deepEqual([...api.tailnet.keys.keys()], ["k2", "k3"]);
  });

  it("never deletes an OAuth client, whatever tags it carries", async () => {
    assert.equal((await depart()).code, 0);
    assert.deepEqual([...api.tailnet.clients.keys()], ["client", "another"]);
  });

  it("puts the policy back before it takes anything away", async () => {
    assert.equal((await depart()).code, 0);
    const changes = api.tailnet.calls.filter((call) => !call.startsWith("GET"));
    assert.equal(changes[0], "POST tailnet/-/acl");
  });

  it("takes only its own parts out of a policy that another site lives by", async () => {
    const hut = { nodeId: "n5", name: "hut.ts.net", hostname: "hut", tags: ["tag:hut-node"] };
    api.tailnet.devices.push(hut);
    const { code, stderr } = await depart();
    assert.equal(code, 0, stderr);
    assert.equal(api.tailnet.policy, '{"for": "the others"}');
    assert.match(stderr, /stays for the other devices that live by it/);
    assert.match(
      (await depart()).stderr,
      /^(?!.*edited elsewhere)/s,
      "a second run finds its work done",
    );
  });

  it("takes only its own parts out of a policy that the tag of somebody's device came with", async () => {
    api.tailnet.devices.push({ nodeId: "n6", name: "n.ts.net", hostname: "n", tags: ["tag:nas"] });
    assert.equal((await depart()).code, 0);
    assert.equal(api.tailnet.policy, '{"for": "the others"}');
  });

  it("minds no further tag of a device that leaves", async () => {
    const both = ["tag:home-connector", "tag:web"];
    api.tailnet.devices.push({ nodeId: "n7", name: "p.ts.net", hostname: "p", tags: both });
    assert.equal((await depart()).code, 0);
    assert.equal(api.tailnet.policy, before);
  });

  it("finds the default policy back when it is run again", async () => {
    withoutCabin();
    Object.assign(api.tailnet, { policy: "// default", isDefault: true });
    const { code, stderr } = await depart({ POLICY_BEFORE: "" });
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /edited elsewhere/);
  });

  it("posts an empty policy when it was the default", async () => {
    withoutCabin();
    assert.equal((await depart({ POLICY_BEFORE: "" })).code, 0);
    assert.equal(api.tailnet.isDefault, true);
  });

  it("leaves a policy alone that was edited elsewhere, and says so", async () => {
    api.tailnet.policy = "{}";
    const { code, stderr } = await depart();
    assert.equal(code, 0);
    assert.equal(api.tailnet.policy, "{}");
    assert.match(stderr, /edited elsewhere .* stays as it is/);
  });

  it("never asks for the policy when another stack owns it", async () => {
    assert.equal(
      (await depart({ OWNS_POLICY: "no", POLICY_BEFORE: "", POLICY_WRITTEN: "" })).code,
      0,
    );
    assert.ok(api.tailnet.calls.every((call) => !call.includes("acl")));
    assert.equal(api.tailnet.devices.length, 2);
  });

  it("goes on after 429 and 500", async () => {
    api.tailnet.faults = [{ status: 429, retryAfter: 1 }, { status: 500 }];
    assert.equal((await depart()).code, 0);
    assert.equal(api.tailnet.devices.length, 2);
  });

  it("fails with what to do, without the secret, when the OAuth client is gone", async () => {
    const { code, stderr } = await depart({ CLIENT_SECRET: "old-canary" });
    assert.equal(code, 1);
    assert.match(stderr, /OAuth client .* is not accepted any more \(401\)/);
    assert.ok(!stderr.includes("old-canary"));
    assert.equal(api.tailnet.devices.length, 4);
  });

  it("names the scope that the client lacks", async () => {
    api.tailnet.faults = [{ status: 403, body: { message: "not enough permissions" } }];
    const { code, stderr } = await depart();
    assert.equal(code, 1);
    assert.match(
      stderr,
      /refuses to list devices \(403\).*not enough permissions[\s\S]*scope devices:core/,
    );
  });
});
