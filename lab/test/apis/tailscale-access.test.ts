import assert from "node:assert/strict";
import fc from "fast-check";
import { contains, parseIpNetwork } from "../../apis/tailscale/ip-network.ts";
import type { Directory } from "../../apis/tailscale/policy-access.ts";
import { readPolicy } from "../../apis/tailscale/policy-document.ts";
import { runPolicyTests } from "../../apis/tailscale/policy-tests.ts";

const directory: Directory = {
  roleOf: (email) => ({ "admin@example.net": "owner", "family@example.net": "member" })[email],
  devices: () => [
    { addresses: ["100.100.0.1"], tags: ["tag:web"], user: "admin@example.net" },
    { addresses: ["100.100.0.2"], tags: [], user: "family@example.net" },
  ],
};

const names = {
  groups: { "group:family": ["family@example.net", "guest@example.org"], "group:nobody": [] },
  hosts: { nas: "192.0.2.10", lan: "192.0.2.0/24" },
  tagOwners: { "tag:web": ["autogroup:admin"], "tag:db": ["tag:web"] },
};

/** Whether a policy with one rule lets a source reach a destination. */
function passes(rule: object, src: string, to: string, proto = ""): boolean {
  const section = "action" in rule ? "acls" : "grants";
  const policy = readPolicy(JSON.stringify({ ...names, [section]: [rule] }));
  const accepted = runPolicyTests(policy, directory, [{ src, proto, accept: [to], deny: [] }]);
  const denied = runPolicyTests(policy, directory, [{ src, proto, accept: [], deny: [to] }]);
  const single = !src.startsWith("group:") && !to.startsWith("group:");
  if (single) assert.notEqual(accepted.length, denied.length, "accept and deny are opposites");
  return accepted.length === 0;
}

const grant = (src: string, dst: string, ip = "*"): object => ({
  src: [src],
  dst: [dst],
  ip: [ip],
});
const acl = (src: string, dst: string, proto?: string): object => ({
  ...{ action: "accept", src: [src], dst: [dst] },
  ...(proto === undefined ? {} : { proto }),
});

const admin = "admin@example.net";
const family = "family@example.net";

describe("Tailscale's access rules", () => {
  for (const [rule, src, to, expected, proto] of [
    // Who
    [grant("*", "*"), family, "tag:db:1", true],
    [grant(admin, "tag:db"), admin, "tag:db:1", true],
    [grant(admin, "tag:db"), family, "tag:db:1", false],
    [grant("group:family", "tag:db"), family, "tag:db:1", true],
    [grant("group:family", "tag:db"), admin, "tag:db:1", false],
    [grant("group:family", "tag:db"), "group:family", "tag:db:1", true],
    [grant(family, "tag:db"), "group:family", "tag:db:1", false],
    [grant("*", "tag:db"), "group:nobody", "tag:db:1", false],
    [grant("autogroup:admin", "tag:db"), admin, "tag:db:1", true],
    [grant("autogroup:admin", "tag:db"), family, "tag:db:1", false],
    [grant("autogroup:owner", "tag:db"), admin, "tag:db:1", true],
    [grant("autogroup:member", "tag:db"), family, "tag:db:1", true],
    [grant("autogroup:member", "tag:db"), "guest@example.org", "tag:db:1", false],
    [grant("autogroup:member", "tag:db"), "tag:web", "tag:db:1", false],
    [grant("autogroup:tagged", "tag:db"), "tag:web", "tag:db:1", true],
    [grant("autogroup:tagged", "tag:db"), admin, "tag:db:1", false],
    [grant("user:*@example.net", "tag:db"), family, "tag:db:1", true],
    [grant("user:*@example.net", "tag:db"), "guest@example.org", "tag:db:1", false],
    [grant("192.0.2.0/24", "tag:db"), "192.0.2.7", "tag:db:1", true],
    [grant("192.0.2.0/24", "tag:db"), "198.51.100.7", "tag:db:1", false],
    // To what
    [grant(admin, "lan"), admin, "192.0.2.200:443", true],
    [grant(admin, "lan"), admin, "198.51.100.1:443", false],
    [grant(admin, "lan"), admin, "nas:443", true],
    [grant(admin, "nas"), admin, "192.0.2.11:443", false],
    [grant(admin, "2001:db8::/32"), admin, "[2001:db8::1]:443", true],
    [grant(admin, "tag:web"), admin, "100.100.0.1:443", true],
    [grant(admin, "tag:db"), admin, "100.100.0.1:443", false],
    [grant(admin, "100.100.0.1"), admin, "tag:web:443", true],
    [grant(admin, "100.64.0.0/10"), admin, "tag:db:443", false],
    [grant(admin, "autogroup:internet"), admin, "8.8.8.8:53", true],
    [grant(admin, "autogroup:internet"), admin, "10.0.0.1:53", false],
    [grant(admin, "autogroup:internet"), admin, "100.100.0.1:53", false],
    [grant("autogroup:member", "autogroup:self"), family, "family@example.net:22", true],
    [grant("autogroup:member", "autogroup:self"), family, "100.100.0.2:22", true],
    [grant("autogroup:member", "autogroup:self"), admin, "100.100.0.2:22", false],
    [grant(admin, "group:family"), admin, "family@example.net:22", true],
    // By what traffic
    [grant(admin, "tag:db", "tcp:5432"), admin, "tag:db:5432", true],
    [grant(admin, "tag:db", "tcp:5432"), admin, "tag:db:5432", false, "udp"],
    [grant(admin, "tag:db", "tcp:5432"), admin, "tag:db:5433", false],
    [grant(admin, "tag:db", "udp:53"), admin, "tag:db:53", true],
    [grant(admin, "tag:db", "80-443"), admin, "tag:db:443", true],
    [grant(admin, "tag:db", "80-443"), admin, "tag:db:444", false],
    [grant(admin, "tag:db", "icmp:*"), admin, "tag:db:0", true, "icmp"],
    [grant(admin, "tag:db", "icmp:*"), admin, "tag:db:80", false],
    [grant(admin, "tag:db", "*"), admin, "tag:db:80", true, "sctp"],
    [{ src: [admin], dst: ["tag:db"], app: { "example.net/cap": [] } }, admin, "tag:db:80", false],
    [acl(admin, "tag:db:80,443"), admin, "tag:db:443", true],
    [acl(admin, "tag:db:80,443"), admin, "tag:db:81", false],
    [acl(admin, "tag:db:*", "tcp"), admin, "tag:db:81", false, "udp"],
    [acl(admin, "tag:db:*"), admin, "tag:db:0", true, "icmp"],
    [acl(admin, "192.0.2.0/24:22"), admin, "nas:22", true],
  ] as const)
    it(`${expected ? "lets" : "keeps"} ${src} ${expected ? "reach" : "from"} ${to} ${proto ?? ""} by ${JSON.stringify(rule)}`, () => {
      assert.equal(passes(rule, src, to, proto), expected);
    });

  it("fail a deny that holds for a tag, but not for one of its devices", () => {
    const two: Directory = {
      ...directory,
      devices: () => ["1", "3"].map((last) => ({ ...web, addresses: [`100.100.0.${last}`] })),
    };
    const web = { tags: ["tag:web"], user: "admin@example.net" };
    const text = JSON.stringify({ ...names, grants: [grant(admin, "100.100.0.3", "tcp:22")] });
    const test = { src: admin, proto: "", accept: [], deny: ["tag:web:22"] };
    assert.deepEqual(runPolicyTests(readPolicy(text), two, [test]), [
      { user: admin, errors: ['address "tag:web:22": want: Drop, got: Accept'] },
    ]);
  });

  it("knows which networks are within others", () => {
    const octet = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(fc.tuple(octet, octet, octet, octet), fc.nat(32), fc.nat(32), (parts, a, b) => {
        const number = parts.reduce((sum, part) => sum * 256 + part, 0);
        const cut = (bits: number): string => {
          const first = Math.floor(number / 2 ** (32 - bits)) * 2 ** (32 - bits);
          return `${[24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join(".")}/${bits}`;
        };
        const [outer, inner] = [parseIpNetwork(cut(a)), parseIpNetwork(cut(b))];
        assert(outer && inner);
        assert.equal(contains(outer, inner), a <= b);
      }),
    );
  });
});
