import assert from "node:assert/strict";
import { TestTailnet } from "./tailscale-server.ts";

const url = "tailnet/-/acl";

describe("Tailscale's policy check", () => {
  const tailnet = new TestTailnet();
  before(() => tailnet.start());
  after(() => tailnet.stop());

  for (const [what, policy, message] of [
    ["an unknown section", { acl: [] }, /unknown policy section "acl"/],
    [
      "an unknown field",
      { grants: [{ src: ["*"], dst: ["*"], ip: ["*"], port: 1 }] },
      /grants\[0\]: unknown field "port"/,
    ],
    [
      "a grant of nothing",
      { grants: [{ src: ["*"], dst: ["*"] }] },
      /grants\[0\]: needs ip or app/,
    ],
    [
      "an unknown tag",
      { grants: [{ src: ["tag:x"], dst: ["*"], ip: ["*"] }] },
      /grants\[0\]\.src\[0\]: tag not found: "tag:x"/,
    ],
    [
      "an unknown group",
      { acls: [{ action: "accept", src: ["group:x"], dst: ["*:*"] }] },
      /acls\[0\]\.src\[0\]: group not found/,
    ],
    [
      "an unknown posture",
      { grants: [{ src: ["*"], dst: ["*"], ip: ["*"], srcPosture: ["posture:x"] }] },
      /grants\[0\]\.srcPosture: posture not found: "posture:x"/,
    ],
    ["an IP set of nothing", { ipsets: { "ipset:x": ["nas"] } }, /ipsets\.ipset:x: "nas" is no/],
    [
      "an unknown IP set",
      { grants: [{ src: ["*"], dst: ["ipset:x"], ip: ["*"] }] },
      /grants\[0\]\.dst\[0\]: ipset not found/,
    ],
    [
      "an unknown host",
      { grants: [{ src: ["*"], dst: ["nas"], ip: ["*"] }] },
      /"nas" is no user, group/,
    ],
    [
      "an action other than accept",
      { acls: [{ action: "deny", src: ["*"], dst: ["*:*"] }] },
      /acls\[0\]\.action/,
    ],
    [
      "an ACL without ports",
      { acls: [{ action: "accept", src: ["*"], dst: ["*"] }] },
      /has no port/,
    ],
    [
      "a bad port",
      { grants: [{ src: ["*"], dst: ["*"], ip: ["tcp:0-70000"] }] },
      /invalid port "0-70000"/,
    ],
    ["ports of ICMP", { grants: [{ src: ["*"], dst: ["*"], ip: ["icmp:22"] }] }, /no ports/],
    [
      "an unknown protocol",
      { grants: [{ src: ["*"], dst: ["*"], ip: ["tpc:22"] }] },
      /unknown protocol "tpc"/,
    ],
    [
      "host bits",
      { grants: [{ src: ["*"], dst: ["192.0.2.1/24"], ip: ["*"] }] },
      /non-zero host bits; use 192\.0\.2\.0\/24/,
    ],
    [
      "internet as a source",
      { grants: [{ src: ["autogroup:internet"], dst: ["*"], ip: ["*"] }] },
      /not allowed here/,
    ],
    [
      "self for a tag",
      {
        tagOwners: { "tag:a": [] },
        grants: [{ src: ["tag:a"], dst: ["autogroup:self"], ip: ["*"] }],
      },
      /autogroup:self needs/,
    ],
    ["a group in a group", { groups: { "group:a": ["group:b"] } }, /holds users only/],
    [
      "a tag's owner that is missing",
      { tagOwners: { "tag:a": ["tag:b"] } },
      /tagOwners\.tag:a\[0\]: tag not found/,
    ],
    ["a misspelled tag", { tagOwners: { "tag:a_b": [] } }, /invalid name "tag:a_b"/],
    [
      "an approver that is missing",
      { autoApprovers: { routes: { "192.0.2.0/24": ["tag:a"] } } },
      /autoApprovers\.routes\["192\.0\.2\.0\/24"\]\[0\]: tag not found/,
    ],
    [
      "an approver of Services that is missing",
      { tagOwners: { "tag:a": [] }, autoApprovers: { services: { "tag:a": ["tag:b"] } } },
      /autoApprovers\.services\["tag:a"\]\[0\]: tag not found: "tag:b"/,
    ],
    [
      "Services with a tag that is missing",
      { autoApprovers: { services: { "tag:a": [] } } },
      /autoApprovers\.services\["tag:a"\]: tag not found/,
    ],
    [
      "Services by a bare name",
      { autoApprovers: { services: { web: [] } } },
      /is no svc:NAME and no tag/,
    ],
    ["a route that is none", { autoApprovers: { routes: { all: [] } } }, /"all" is no prefix/],
    [
      "SSH to everything",
      { ssh: [{ action: "accept", src: ["autogroup:member"], dst: ["*"], users: ["root"] }] },
      /ssh\[0\]\.dst\[0\]/,
    ],
    [
      "SSH check for a tag",
      {
        tagOwners: { "tag:a": [] },
        ssh: [{ action: "check", src: ["tag:a"], dst: ["tag:a"], users: ["root"] }],
      },
      /action check needs people/,
    ],
    [
      "SSH from a tag to people",
      {
        tagOwners: { "tag:a": [] },
        ssh: [{ action: "accept", src: ["tag:a"], dst: ["autogroup:member"], users: ["root"] }],
      },
      /reaches tags only/,
    ],
    [
      "SSH to another user",
      {
        ssh: [
          { action: "accept", src: ["a@example.net"], dst: ["b@example.net"], users: ["root"] },
        ],
      },
      /the same user/,
    ],
    ["a test of nothing", { tests: [{ src: "admin@example.net" }] }, /tests nothing/],
    [
      "a test of a whole network",
      { tests: [{ src: "admin@example.net", accept: ["192.0.2.0/24:22"] }] },
      /one address/,
    ],
    [
      "a test of all ports",
      { tests: [{ src: "admin@example.net", accept: ["192.0.2.1:*"] }] },
      /one port/,
    ],
    [
      "a test of an unknown tag",
      { tests: [{ src: "admin@example.net", accept: ["tag:a:22"] }] },
      /tests\[0\]\.accept\[0\]: tag not found/,
    ],
    ["a list", [], /test|policy/],
  ] as const)
    it(`refuses ${what}, and validate names it`, async () => {
      assert.match(await tailnet.refusal(tailnet.send("POST", url, policy), 400), message);
      if (Array.isArray(policy)) return;
      assert.match(
        await tailnet.refusal(tailnet.send("POST", `${url}/validate`, policy), 200),
        message,
      );
    });
});
