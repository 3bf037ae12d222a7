import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { missingIn } from "../../../components/tailnet/foreign-policy.ts";
import { parseHuJson } from "../../../components/tailnet/hujson.ts";
import { keyDescription } from "../../../components/tailnet/nodes.ts";
import type { PolicyPlan } from "../../../components/tailnet/policy-plan.ts";
import {
  kubernetesService,
  policyText,
  tailnetPolicy,
  type TailnetPolicy,
} from "../../../components/tailnet/policy.ts";
import type { PolicyTest } from "../../../components/tailnet/policy-tests.ts";
import { policyDifference, samePolicy } from "../../../components/tailnet/policy-document.ts";
import { policyTextWithout } from "../../../components/tailnet/policy-without.ts";
import { siteTags, stackTag } from "../../../components/tailnet/tags.ts";
import { reaches } from "./grants.ts";

const plan: PolicyPlan = {
  admins: ["admin@example.net"],
  groups: { "group:family": ["admin@example.net", "family@example.net"] },
  sites: [
    {
      name: "home",
      routes: ["10.43.0.0/16", "10.42.0.0/16", "10.96.0.0/16", "192.168.1.0/24"],
      exitNode: true,
      service: kubernetesService("10.43.0.0/16"),
    },
    { name: "cabin", routes: ["10.53.0.0/16", "192.168.2.0/24"], exitNode: false },
  ],
  grants: [{ src: ["group:family"], dst: ["10.96.0.10/32"], ip: ["tcp:443"] }],
  ssh: [],
  tests: [],
};

/** Tests of a policy that its grants do not keep, as `src accept|deny target`. */
function broken(changes: Partial<PolicyPlan> = {}): readonly string[] {
  const policy = tailnetPolicy({ ...plan, ...changes });
  return (policy.tests as readonly PolicyTest[]).flatMap(({ src, accept = [], deny = [] }) => [
    ...accept
      .filter((target) => !reaches(policy, src, target))
      .map((target) => `${src} accept ${target}`),
    ...deny
      .filter((target) => reaches(policy, src, target))
      .map((target) => `${src} deny ${target}`),
  ]);
}

describe("tailnet policy", () => {
  const policy = tailnetPolicy(plan);

  it("keeps its own tests", () => {
    assert.deepEqual(broken(), []);
    assert.ok(policy.tests.length >= 8);
  });

  it("fails its own tests when a grant is too wide", () => {
    const found = broken({
      grants: [{ src: ["group:family"], dst: ["tag:home-node"], ip: ["*"] }],
    });
    assert.deepEqual(found, ["family@example.net deny tag:home-node:22"]);
    assert.deepEqual(broken({ grants: [{ src: ["*"], dst: ["10.43.0.0/16"], ip: ["*"] }] }), [
      "family@example.net deny 10.43.0.1:443",
    ]);
    assert.ok(
      broken({ grants: [{ src: ["tag:cabin-node"], dst: ["tag:home-node"], ip: ["*"] }] }).includes(
        "tag:cabin-node deny tag:home-node:22",
      ),
    );
  });

  const [home, cabin] = plan.sites;
  assert.ok(home && cabin);
  const lan = {
    ...plan,
    sites: [
      { ...home, guarded: ["192.168.1.21:22", "192.168.1.11:8006"], nameservers: ["192.168.1.1"] },
      cabin,
    ],
  };

  it("holds for addresses of the LAN, every member of a group and every further tag", () => {
    const open = (src: string, changes: Partial<PolicyPlan> = {}) =>
      broken({ ...lan, ...changes, grants: [{ src: [src], dst: ["192.168.1.0/24"], ip: ["*"] }] });
    assert.deepEqual(open("tag:ci", { tags: ["ci"] }), [
      "tag:ci deny 192.168.1.21:22",
      "tag:ci deny 192.168.1.11:8006",
    ]);
    const groups = { "group:family": ["family@example.net", "kid@github"] };
    assert.equal(open("kid@github", { groups }).length, 2);
  });

  it("takes what is named with its port for meant, for whom it names alone", () => {
    const grants = [
      { src: ["group:ops"], dst: ["tag:home-node"], ip: ["tcp:22"] },
      { src: ["group:ops"], dst: ["192.168.1.21/32", "pve"], ip: ["22", "8006"] },
    ];
    const sections = { hosts: { pve: "192.168.1.11" } };
    const groups = { ...plan.groups, "group:ops": ["ops@example.net"] };
    const { tests } = tailnetPolicy({ ...lan, groups, grants, sections });
    const of = (src: string) => (tests as readonly PolicyTest[]).find((test) => test.src === src);
    assert.deepEqual(of("ops@example.net")?.deny, ["10.43.0.1:443", "tag:cabin-node:22"]);
    assert.equal(of("family@example.net")?.deny?.length, 5);
  });

  it("lets whoever has a grant look names up, and nobody else", () => {
    const asks = (grants: PolicyPlan["grants"]) =>
      tailnetPolicy({ ...lan, tags: ["ci"], grants }).grants.find(({ ip }) =>
        isDeepStrictEqual(ip, ["udp:53", "tcp:53"]),
      );
    assert.deepEqual(asks([{ src: ["kid@github", "group:admins"], dst: ["*"], ip: ["*"] }]), {
      src: ["group:family", "tag:ci", "kid@github"],
      dst: ["192.168.1.1"],
      ip: ["udp:53", "tcp:53"],
    });
    const acls = [{ action: "accept", src: ["bob@passkey"], dst: ["nas:443"] }];
    const asking = tailnetPolicy({ ...lan, sections: { acls } }).grants;
    assert.ok(
      asking.some(
        ({ src, ip }) => String(ip).includes("53") && String(src).includes("bob@passkey"),
      ),
    );
    assert.equal(
      policy.grants.some(({ ip }) => String(ip).includes("53")),
      false,
    );
  });

  it("tests that every admin reaches machines, services and operators", () => {
    assert.deepEqual(policy.tests[0], {
      src: "admin@example.net",
      accept: [
        "tag:home-node:22",
        "10.43.0.1:443",
        "tag:cabin-node:22",
        "tag:home-operator:443",
        "tag:cabin-operator:443",
      ],
    });
  });

  it("takes a member who is no admin for a group's test", () => {
    const sources = policy.tests.map((test) => test["src" as keyof typeof test]);
    assert.deepEqual(sources.slice(0, 2), ["admin@example.net", "family@example.net"]);
  });

  it("approves each site's routes and exit node for its own connector only", () => {
    assert.deepEqual(policy.autoApprovers.routes["192.168.2.0/24"], ["tag:cabin-connector"]);
    assert.deepEqual(policy.autoApprovers.routes["10.43.0.0/16"], ["tag:home-connector"]);
    assert.deepEqual(policy.autoApprovers.exitNode, ["tag:home-connector"]);
  });

  it("lets the operator hand out the connector's tag, and owns every other tag", () => {
    assert.deepEqual(policy.tagOwners["tag:home-connector"], ["tag:home-operator"]);
    assert.deepEqual(policy.tagOwners["tag:cabin-node"], ["autogroup:admin", "tag:cabin-stack"]);
    assert.equal(Object.keys(policy.tagOwners).length, 8);
  });

  it("lets a client with a site's stack tag alone give every tag that the stack asks for", () => {
    // A client may ask for all of its tags together or for one that they own.
    for (const site of ["home", "cabin"]) {
      const { node, operator } = siteTags(site);
      for (const asked of [node, operator]) {
        assert.ok(policy.tagOwners[asked]?.includes(stackTag(site)), asked);
      }
    }
  });

  it("keeps what members have among their own devices", () => {
    const self = { src: ["autogroup:member"], dst: ["autogroup:self"] };
    assert.ok(policy.grants.some((grant) => isDeepStrictEqual(grant, { ...self, ip: ["*"] })));
    const users = ["autogroup:nonroot", "root"];
    assert.deepEqual(policy.ssh[1], { action: "check", ...self, users });
  });

  it("lets admins log in as root on machines, and nobody else", () => {
    assert.deepEqual(policy.ssh[0], {
      action: "check",
      src: ["group:admins"],
      dst: ["tag:home-node", "tag:cabin-node"],
      users: ["root"],
    });
    assert.equal(policy.ssh.length, 2);
  });

  it("passes entries of the site file on as they are", () => {
    const mine = { src: "family@example.net", accept: ["10.96.0.10:443"] };
    assert.deepEqual(tailnetPolicy({ ...plan, tests: [mine] }).tests.at(-1), mine);
    assert.deepEqual(policy.grants.at(-1), plan.grants[0]);
  });

  it("keeps what the site file has of others: sections, tags and routers", () => {
    const { hosts, tagOwners, autoApprovers } = tailnetPolicy({
      ...plan,
      sections: { hosts: { nas: "192.168.7.2" } },
      tagOwners: { "tag:k8s": ["tag:k8s-operator"] },
      autoApprovers: {
        routes: { "192.168.7.0/24": ["tag:k8s"], "10.43.0.0/16": ["tag:k8s"] },
        exitNode: ["tag:k8s"],
      },
    });
    assert.deepEqual(hosts, { nas: "192.168.7.2" });
    assert.deepEqual(tagOwners["tag:k8s"], ["tag:k8s-operator"]);
    assert.deepEqual(autoApprovers.routes["192.168.7.0/24"], ["tag:k8s"]);
    assert.deepEqual(autoApprovers.routes["10.43.0.0/16"], ["tag:home-connector", "tag:k8s"]);
    assert.deepEqual(autoApprovers.exitNode, ["tag:home-connector", "tag:k8s"]);
  });

  it("gives the same bytes for the same plan, which parse as the policy", () => {
    assert.equal(policyText(plan), policyText(structuredClone(plan)));
    assert.deepEqual(parseHuJson(policyText(plan)), structuredClone(policy));
  });
});

describe("tailnet policy when its owner leaves and another site stays", () => {
  const grants = [
    ...plan.grants,
    { src: ["group:family", "tag:home-node"], dst: ["10.53.0.1"], ip: ["tcp:443"] },
    { src: ["group:family"], dst: ["tag:home-node"], ip: ["tcp:80"] },
    // Without its router it would hold by any.
    { src: ["group:family"], dst: ["10.9.0.0/16"], ip: ["*"], via: ["tag:home-connector"] },
  ];
  const tests = [{ src: "family@example.net", accept: ["tag:home-node:80"] }];
  const tagOwners = { "tag:nas": ["tag:home-operator", "autogroup:admin"] };
  const text = policyTextWithout({ ...plan, grants, tests, tagOwners }, "home");

  it("names none of its tags, and keeps what names others as well", () => {
    assert.ok(!text.includes("tag:home"), text);
    const left = JSON.parse(text) as TailnetPolicy;
    assert.deepEqual(left.tagOwners["tag:nas"], ["autogroup:admin"]);
    assert.deepEqual(left.grants.slice(-2), [
      ...plan.grants,
      { src: ["group:family"], dst: ["10.53.0.1"], ip: ["tcp:443"] },
    ]);
  });

  it("provides for the other site as before", () => {
    const needs = { site: "cabin", routes: ["10.53.0.0/16", "192.168.2.0/24"], exitNode: false };
    assert.deepEqual(missingIn(JSON.parse(text) as Parameters<typeof missingIn>[0], needs), []);
  });
});

describe("HuJSON", () => {
  it("is JSON with comments and trailing commas", () => {
    const text = `// the policy
      { "a": [1, 2, /* three */ ], // "b": 2,
        "url": "https://example.net/*x*/,]", "quote": "a\\"//b", /* , */
        "c": { "d": 1, } ,
      }`;
    assert.deepEqual(parseHuJson(text), {
      a: [1, 2],
      url: "https://example.net/*x*/,]",
      quote: 'a"//b',
      c: { d: 1 },
    });
  });

  it("is refused when the rest is no JSON", () => {
    assert.throws(() => parseHuJson("{ a: 1 }"), SyntaxError);
    assert.throws(() => parseHuJson("[1,,]"), SyntaxError);
  });
});

describe("what a site needs of another stack's policy", () => {
  const needs = { site: "cabin", routes: ["10.53.0.0/16", "192.168.2.0/24"], exitNode: true };

  it("is all there when the owner named the site", () => {
    assert.deepEqual(missingIn(tailnetPolicy(plan), { ...needs, exitNode: false }), []);
  });

  it("is there when a wider network is approved", () => {
    const policy = structuredClone(tailnetPolicy(plan)) as Parameters<typeof missingIn>[0];
    const wide = {
      ...policy,
      autoApprovers: { routes: { "0.0.0.0/0": ["tag:cabin-connector"] }, exitNode: [] },
    };
    assert.deepEqual(missingIn(wide, { ...needs, exitNode: false }), []);
  });

  it("is named piece by piece when it lacks", () => {
    assert.deepEqual(missingIn({}, needs), [
      "tagOwners has no tag:cabin-node",
      "tagOwners has no tag:cabin-operator",
      "tagOwners has no tag:cabin-connector",
      "autoApprovers.routes does not approve 10.53.0.0/16 of tag:cabin-connector",
      "autoApprovers.routes does not approve 192.168.2.0/24 of tag:cabin-connector",
      "autoApprovers.exitNode lacks tag:cabin-connector",
    ]);
    const owners = { "tag:cabin-node": [], "tag:cabin-operator": [], "tag:cabin-connector": [] };
    assert.ok(
      missingIn({ tagOwners: owners }, needs).includes(
        "tagOwners does not let tag:cabin-operator give tag:cabin-connector",
      ),
    );
  });
});

describe("difference of policies", () => {
  it("names the entries that only one has, each with its place", () => {
    const before = {
      groups: { "group:a": ["a@b.c", "d@e.f"] },
      hosts: { nas: "10.0.0.1" },
      ssh: [1, 2],
    };
    const after = {
      groups: { "group:a": ["d@e.f"], "group:b": ["x@y.z"] },
      randomizeClientPort: true,
      ssh: [2, 1],
    };
    assert.deepEqual(policyDifference(JSON.stringify(before), JSON.stringify(after)).split("\n"), [
      '- groups.group:a: "a@b.c"',
      '+ groups.group:b: "x@y.z"',
      '- hosts.nas: "10.0.0.1"',
      "~ ssh: the same entries in another order",
      "+ randomizeClientPort: true",
    ]);
  });

  it("is empty for another form, order of names or case of sections, and not for comments", () => {
    const [one, other] = [
      '{"grants": [], "ssh": [{"a": 1, "b": 2}]}',
      '{"SSH":[{"b":2,"a":1,},],"grants":[]}',
    ];
    assert.equal(policyDifference(one, other), "");
    assert.ok(samePolicy(one, other));
    assert.ok(!samePolicy(one, `// mine\n${other}`));
  });
});

describe("description of an auth key", () => {
  it("keeps to what Tailscale takes and begins with the generation", () => {
    const text = keyDescription("x".repeat(63), "gen-12345678");
    assert.match(text, /^gen-12345678 [a-zA-Z0-9 -]+$/);
    assert.equal(text.length, 50);
  });
});

describe("policy of a site whose proxies do more", () => {
  const [home, cabin] = plan.sites;
  assert.ok(home && cabin);
  const egress = [
    { dst: "tag:nas", ports: [{ port: 445, protocol: "TCP" }] },
    { dst: "100.101.102.103", ports: [{ port: 123, protocol: "UDP" }] },
    { dst: "svc:web", ports: [{ port: 443, protocol: "TCP" }] },
  ] as const;
  const sites = [{ ...home, services: true, egress }, cabin];
  const wide = { sites, tags: ["nas"] };
  const policy = tailnetPolicy({ ...plan, ...wide });

  it("approves Services with the tag that its operator gives them and their proxies, and no other site's", () => {
    assert.deepEqual(policy.autoApprovers.services, {
      "tag:home-connector": ["tag:home-connector"],
    });
    assert.deepEqual(policy.tagOwners["tag:home-connector"], ["tag:home-operator"]);
    assert.ok(!("services" in tailnetPolicy(plan).autoApprovers));
    const services = { "svc:web": ["tag:web"], "tag:home-connector": ["tag:web"] };
    const autoApprovers = { routes: {}, exitNode: [], services };
    const other = tailnetPolicy({ ...plan, ...wide, autoApprovers });
    assert.deepEqual(other.autoApprovers.services, {
      "tag:home-connector": ["tag:home-connector", "tag:web"],
      "svc:web": ["tag:web"],
    });
  });

  it("lets its proxies reach what pods are led to, and proves it", () => {
    assert.deepEqual(broken(wide), []);
    const ofProxies = policy.grants.filter(({ src }) =>
      isDeepStrictEqual(src, ["tag:home-connector"]),
    );
    assert.deepEqual(ofProxies, [
      { src: ["tag:home-connector"], dst: ["tag:nas"], ip: ["tcp:445"] },
      { src: ["tag:home-connector"], dst: ["100.101.102.103"], ip: ["udp:123"] },
      { src: ["tag:home-connector"], dst: ["svc:web"], ip: ["tcp:443"] },
    ]);
    const tests = (policy.tests as readonly PolicyTest[]).filter(
      ({ src, accept }) => src === "tag:home-connector" && accept !== undefined,
    );
    assert.deepEqual(tests, [
      { src: "tag:home-connector", proto: "tcp", accept: ["tag:nas:445"] },
      { src: "tag:home-connector", proto: "udp", accept: ["100.101.102.103:123"] },
    ]);
  });

  it("lets its machines reach what they go to themselves, proves it, and asks it of whoever keeps the policy", () => {
    const target = { dst: "100.101.102.104", ports: [{ port: 443, protocol: "TCP" }] } as const;
    const kept = [{ ...target, machines: true }];
    const own = { sites: [{ ...home, egress: kept }, cabin] };
    assert.deepEqual(broken(own), []);
    const { grants, tests } = tailnetPolicy({ ...plan, ...own });
    const src = ["tag:home-connector", "tag:home-node"];
    const entry = { src, dst: ["100.101.102.104"], ip: ["tcp:443"] };
    assert.ok(grants.some((grant) => isDeepStrictEqual(grant, entry)));
    for (const one of src)
      assert.ok(
        tests.some((test) =>
          isDeepStrictEqual(test, { src: one, proto: "tcp", accept: ["100.101.102.104:443"] }),
        ),
      );
    const needs = { site: "home", routes: [], exitNode: false, egress: kept };
    const proxiesAlone = tailnetPolicy({ ...plan, sites: [{ ...home, egress: [target] }, cabin] });
    assert.deepEqual(missingIn(proxiesAlone, needs), [
      "grants do not let tag:home-node reach 100.101.102.104 at tcp:443",
    ]);
  });

  it("makes admins administrators at the group of API servers, by the tag of its devices", () => {
    const caps = policy.grants.filter(({ app }) => app !== undefined);
    assert.deepEqual(
      caps.map(({ dst }) => dst),
      [["tag:home-operator", "tag:home-connector"], ["tag:cabin-operator"]],
    );
  });

  it("loses all of that with the site", () => {
    const text = policyTextWithout({ ...plan, ...wide }, "home");
    assert.ok(!text.includes("home-connector"), text);
  });

  it("is asked of whoever keeps the policy, where that is another", () => {
    const needs = { site: "home", routes: home.routes, exitNode: true, services: true, egress };
    const none = missingIn(tailnetPolicy({ ...plan, tags: ["nas"] }), needs);
    assert.deepEqual(none, [
      "autoApprovers.services does not approve Services with tag:home-connector of devices with it",
      "grants do not let tag:home-connector reach tag:nas at tcp:445",
      "grants do not let tag:home-connector reach 100.101.102.103 at udp:123",
      "grants do not let tag:home-connector reach svc:web at tcp:443",
    ]);
    assert.deepEqual(missingIn(policy, needs), []);
    const src = ["tag:home-connector"];
    const opened = (entry: object, section = "grants") =>
      missingIn({ ...policy, grants: [], [section]: [entry] }, needs).length;
    assert.equal(opened({ src, dst: ["*"], ip: ["*"] }), 0);
    assert.equal(opened({ src: ["*"], dst: ["100.64.0.0/10"], ip: ["100-200"] }), 2);
    assert.equal(opened({ src, dst: ["tag:nas"], ip: ["udp:445"] }), 3);
    assert.equal(opened({ src, dst: ["ipset:all"], ip: ["*"] }), 0);
    assert.equal(opened({ action: "accept", src, dst: ["tag:nas:400-500"] }, "acls"), 2);
    assert.equal(opened({ src, proto: "udp", dst: ["tag:nas:*"] }, "acls"), 3);
  });
});
