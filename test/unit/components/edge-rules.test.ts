import assert from "node:assert/strict";
import fc from "fast-check";
import { peopleSelectors, shortestSession } from "../../../components/edge/access-rules.ts";
import { ingressRules } from "../../../components/edge/ingress.ts";
import { recordComment } from "../../../components/edge/names.ts";
import { nameProblems } from "../../../components/edge/public-name.ts";
import type { Publication } from "../../../components/edge/publication.ts";
import { family, typeo } from "./edge-world.ts";

describe("ingress rules", () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,6}$/), { maxLength: 8 });

  it("end with the catch-all and do not follow the config's order", () => {
    fc.assert(
      fc.property(names, (hosts) => {
        const rules = hosts.map((hostname) => ({ hostname, service: "http://a" }));
        const made = ingressRules(rules);
        assert.deepEqual(made, ingressRules(rules.toReversed()));
        assert.deepEqual(made.at(-1), { service: "http_status:404" });
        assert.ok(made.slice(0, -1).every(({ hostname }) => hostname !== undefined));
      }),
    );
  });

  it("refuse a rule that hides others, and a name that stands twice", () => {
    const service = "http://a";
    assert.throws(() => ingressRules([{ service }]), /more than one name/);
    assert.throws(
      () => ingressRules([{ hostname: "*.example.net", service }]),
      /more than one name/,
    );
    const twice = { hostname: "a.example.net", service };
    assert.throws(() => ingressRules([twice, twice]), /a\.example\.net": stands twice/);
  });
});

describe("Access rules", () => {
  it("hold addresses in lower case, sorted, each once", () => {
    const selectors = peopleSelectors({
      ...family,
      emails: ["B@x.y", "a@x.y", "b@X.Y"],
      emailDomains: ["z.y"],
    });
    assert.deepEqual(selectors, [
      { email: { email: "a@x.y" } },
      { email: { email: "b@x.y" } },
      { emailDomain: { domain: "z.y" } },
    ]);
  });

  it("give an application the shortest session of its policies, as it was written", () => {
    assert.equal(shortestSession(["24h", "90m", "2h"]), "90m");
  });
});

describe("publications", () => {
  const rules = { zone: "example.net", policies: ["family"] };
  const problems = (change: Partial<Publication>, ...taken: string[]): string =>
    nameProblems({ ...typeo, ...change }, rules, taken)
      .map(({ path, text }) => `${path}: ${text}`)
      .join();

  it("stay inside the zone and name every host", () => {
    assert.equal(problems({}), "");
    assert.match(problems({ hostname: "typeo.badexample.net" }), /^hostname: .* is not in/);
    assert.match(problems({ hostname: "*.example.net" }), /wildcard/);
    assert.match(problems({}, "typeo.example.net"), /^hostname: .* is published twice/);
  });

  it("have Access in front, or say why not, and not both", () => {
    assert.match(problems({ access: [] }), /^access: everybody .* could reach/);
    assert.equal(problems({ access: [], withoutAccess: "a game for everybody" }), "");
    assert.match(
      problems({ withoutAccess: "a game for everybody" }),
      /^withoutAccess: .*remove one/,
    );
    assert.match(
      problems({ access: ["nobody"] }),
      /^access\[0\]: nobody is not in .*known are family/,
    );
  });

  it("are marked aloud without Access, within what a comment may hold", () => {
    const comment = recordComment("home", "typeo", "a game for everybody, ".repeat(9));
    assert.match(comment, /^public without Access: a game for everybody, .*\.\.\. \(site home\)$/);
    assert.ok(comment.length <= 100);
  });
});
