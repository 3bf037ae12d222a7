import assert from "node:assert/strict";
import type { SeenResource } from "../../../policy/rule.ts";
import { accessBypass, publicNames } from "../../../policy/rules/public-names.ts";
import { unknown, type SeenMap } from "../../../policy/seen.ts";
import { resource, said } from "./resource.ts";

const host = "app.example.net";
const type = {
  rules: "cloudflare:index/zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig",
  record: "cloudflare:index/dnsRecord:DnsRecord",
  application: "cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication",
  policy: "cloudflare:index/zeroTrustAccessPolicy:ZeroTrustAccessPolicy",
};

const rules = (...ingresses: SeenMap[]): SeenResource =>
  resource(type.rules, { config: { ingresses: [...ingresses, { service: "http_status:404" }] } });
const record = (more: SeenMap = {}): SeenResource =>
  resource(type.record, {
    name: host,
    type: "CNAME",
    content: "0f.cfargotunnel.com",
    proxied: true,
    ...more,
  });
const application = (more: SeenMap = {}): SeenResource =>
  resource(type.application, { domain: host, type: "self_hosted", ...more });
const ingress = { hostname: host, service: "http://app.app.svc:80" };

const judge = (...resources: SeenResource[]): string =>
  publicNames
    .judge(resources)
    .map(({ finding }) => finding)
    .join("\n");

describe("policy: public names", () => {
  it("lets a name through that has its Access application", () => {
    assert.equal(judge(application(), rules(ingress), record()), "");
  });

  it("lets a name through whose record says aloud that it has none", () => {
    const open = record({ comment: "public without Access: a page for everybody (site home)" });
    assert.equal(judge(rules(ingress), open), "");
  });

  it("takes further domains of an application, whatever their case", () => {
    const shared = application({
      domain: "other.example.net",
      destinations: [{ uri: "APP.example.net" }],
    });
    assert.equal(judge(shared, rules(ingress), record()), "");
  });

  it("refuses an ingress rule and a record without either", () => {
    const found = judge(rules(ingress), record());
    assert.match(found, /config\.ingresses\[0\]\.hostname: app\.example\.net is public/);
    assert.match(found, /^name: app\.example\.net is public.*withoutAccess/m);
  });

  it("refuses an application for one path, for another name, or of a kind that guards nothing", () => {
    const wrongs: SeenMap[] = [
      { domain: `${host}/admin` },
      { domain: "other.example.net" },
      { type: "bookmark" },
    ];
    for (const wrong of wrongs) {
      assert.match(judge(application(wrong), record()), /is public/);
    }
  });

  it("refuses a comment that only mentions it", () => {
    assert.match(judge(record({ comment: "not public without Access: no" })), /is public/);
  });

  it("refuses a rule that takes every name", () => {
    assert.match(judge(rules({ service: "http://app:80" })), /takes requests for every name/);
  });

  it("refuses a name that nobody knows before the run", () => {
    assert.match(judge(record({ name: unknown })), /write the public name as plain text/);
  });

  it("counts a record whose tunnel is yet to be made", () => {
    assert.match(judge(record({ content: unknown })), /is public/);
  });

  it("leaves records alone that lead elsewhere", () => {
    assert.equal(judge(record({ content: "mail.example.org" }), record({ proxied: false })), "");
  });
});

describe("policy: Access without bypass", () => {
  it("lets policies for people through", () => {
    assert.equal(said(accessBypass, resource(type.policy, { decision: "allow" })), "");
    assert.equal(said(accessBypass, application({ policies: [{ id: "p", precedence: 1 }] })), "");
  });

  it("refuses a bypass, in a policy and in an application's own", () => {
    assert.match(said(accessBypass, resource(type.policy, { decision: "bypass" })), /^decision is/);
    const everyone = {
      decision: "allow",
      includes: [{ email: {} } as SeenMap, { everyone: {} } as SeenMap],
    };
    assert.match(said(accessBypass, resource(type.policy, everyone)), /^includes\[1\] is everyone/);
    assert.equal(said(accessBypass, resource(type.policy, { ...everyone, decision: "deny" })), "");
    const own = application({ policies: [{ decision: "allow" }, { decision: "bypass" }] });
    assert.match(said(accessBypass, own), /^policies\[1\]\.decision is bypass/);
  });
});
