import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { TestTailnet, openPolicy } from "./tailscale-server.ts";

const url = "tailnet/-/acl";
const hujson = { headers: { accept: "application/hujson" } };
const reset = { ...hujson, text: "" };

describe("Tailscale's policy", () => {
  const tailnet = new TestTailnet();
  before(() => tailnet.start());
  after(() => tailnet.stop());
  beforeEach(async () => {
    await tailnet.send("POST", url, undefined, reset);
  });

  const post = (text: string, ifMatch?: string): ReturnType<TestTailnet["send"]> =>
    tailnet.send("POST", url, undefined, {
      text,
      headers: {
        accept: "application/hujson",
        ...(ifMatch === undefined ? {} : { "if-match": ifMatch }),
      },
    });

  it("comes back as Tailscale formats it, and as JSON for who asks for it", async () => {
    const posted = await post(
      '// kept\n{"acls": [\n  {"action": "accept", "src": ["*"], "dst": ["*:*"],}],}',
    );
    const text = '// kept\n{"acls": [\n\t{"action": "accept", "src": ["*"], "dst": ["*:*"]},\n]}\n';
    assert.equal(posted.status, 200, posted.body.toString());
    assert.equal(posted.body.toString(), text);
    const got = await tailnet.send("GET", url, undefined, hujson);
    assert.equal(got.body.toString(), text);
    assert.match(String(got.headers["content-type"]), /^application\/hujson/);
    const etag = createHash("sha256").update(text).digest("hex");
    assert.equal(got.headers.etag, `"${etag}"`, "the tag is of the formatted text");
    assert.equal(got.headers.etag, posted.headers.etag);
    const plain = await tailnet.json(
      tailnet.send("GET", url, undefined, { headers: { accept: "application/json" } }),
    );
    assert.deepEqual(plain, { acls: [{ action: "accept", src: ["*"], dst: ["*:*"] }] });
  });

  it("is replaced under ts-default only while nobody edited it, else 412", async () => {
    const before = await tailnet.send("GET", url, undefined, hujson);
    assert.equal(before.headers.etag, '"ts-default"');
    assert.equal((await post("{}", '"ts-default"')).status, 200);
    const message = "precondition failed, invalid old hash";
    assert.equal(await tailnet.refusal(post("{}", '"ts-default"'), 412), message);
    assert.equal(await tailnet.refusal(post("{}", "ts-default"), 412), message);
    const { etag } = (await tailnet.send("GET", url, undefined, hujson)).headers;
    assert.equal((await post('{"groups": {}}', String(etag))).status, 200);
    assert.equal((await post("{}", String(etag))).status, 412);
    assert.equal((await post("{}")).status, 200, "without If-Match nothing is asked");
  });

  it("goes back to the default with an empty body, also with the default's own text", async () => {
    const initial = (await tailnet.send("GET", url, undefined, hujson)).body.toString();
    await tailnet.policy(openPolicy);
    const answer = await post("");
    assert.equal(answer.body.toString(), initial);
    assert.equal(answer.headers.etag, '"ts-default"');
    await tailnet.policy(openPolicy);
    assert.equal((await post(initial)).headers.etag, '"ts-default"');
  });

  it("outlives a restart", async () => {
    await tailnet.policy(openPolicy);
    await tailnet.restart();
    const got = await tailnet.send("GET", url, undefined, hujson);
    assert.deepEqual(JSON.parse(got.body.toString()), openPolicy);
  });

  it("is refused whole when one of its tests fails, and validate says the same without applying", async () => {
    const policy = {
      ...openPolicy,
      grants: [{ src: ["admin@example.net"], dst: ["tag:home-node"], ip: ["tcp:22"] }],
      tests: [
        { src: "admin@example.net", accept: ["tag:home-node:22"], deny: ["tag:home-node:80"] },
        { src: "family@example.net", accept: ["tag:home-node:22"], deny: ["tag:home-node:80"] },
        { src: "admin@example.net", proto: "udp", accept: ["tag:home-node:22"] },
      ],
    };
    const wrong = ['address "tag:home-node:22": want: Accept, got: Drop'];
    const failed = {
      message: "test(s) failed",
      data: [
        { user: "family@example.net", errors: wrong },
        { user: "admin@example.net", errors: wrong },
      ],
    };
    assert.deepEqual(await tailnet.json(tailnet.send("POST", url, policy), 400), failed);
    assert.deepEqual(await tailnet.json(tailnet.send("POST", `${url}/validate`, policy)), failed);
    const good = { ...policy, tests: policy.tests.slice(0, 1) };
    assert.deepEqual(await tailnet.json(tailnet.send("POST", `${url}/validate`, good)), {});
    const got = await tailnet.send("GET", url, undefined, hujson);
    assert.equal(got.headers.etag, '"ts-default"');
  });

  it("runs a list of tests against the policy in force", async () => {
    const { grants, ...names } = openPolicy;
    await tailnet.policy({ ...names, grants: [{ ...grants[0], dst: ["tag:home-node"] }] });
    const tests = [
      { src: "family@example.net", accept: ["tag:home-node:22", "tag:home-operator:22"] },
      { src: "tag:home-node", deny: ["tag:home-node:1"] },
    ];
    assert.deepEqual(await tailnet.json(tailnet.send("POST", `${url}/validate`, tests)), {
      message: "test(s) failed",
      data: [
        {
          user: "family@example.net",
          errors: ['address "tag:home-operator:22": want: Accept, got: Drop'],
        },
        { user: "tag:home-node", errors: ['address "tag:home-node:1": want: Drop, got: Accept'] },
      ],
    });
  });

  it("names line and column of a syntax error", async () => {
    const message = await tailnet.refusal(post('{\n  "acls": oops\n}'), 400);
    assert.equal(message, 'hujson: line 2, column 11: invalid character "o"');
  });

  it("takes what a tailnet in use has, in any case of the sections' names", async () => {
    const { tagOwners } = openPolicy;
    await tailnet.policy({
      TagOwners: tagOwners,
      hosts: { nas: "192.168.7.2" },
      ipsets: { "ipset:house": ["192.168.7.0/24", "remove 192.168.7.9", "add host:nas"] },
      postures: { "posture:new": ["node:osVersion >= '15'"] },
      nodeAttrs: [
        { target: ["autogroup:member"], attr: ["funnel"] },
        { target: ["*"], app: { "tailscale.com/app-connectors": [{ name: "a" }] } },
      ],
      grants: [
        { src: ["group:team@example.net"], dst: ["ipset:house"], ip: ["*"] },
        { src: ["family@example.net"], dst: ["ipset:house"], ip: ["tcp:443"] },
        { src: ["*"], dst: ["*"], ip: ["tcp:22"], srcPosture: ["posture:new"] },
      ],
      sshTests: [{ src: "admin@example.net", dst: ["tag:home-node"], deny: ["root"] }],
      tests: [
        { src: "family@example.net", accept: ["nas:443"], deny: ["192.168.7.9:443", "nas:22"] },
      ],
    });
  });

  it("says of a section that the lab lacks that it lacks it", async () => {
    for (const section of ["derpMap", "disableIPv4"])
      assert.match(
        await tailnet.refusal(tailnet.send("POST", url, { [section]: [] }), 501),
        new RegExp(`lab does not support the policy section "${section}"`),
      );
  });
});
