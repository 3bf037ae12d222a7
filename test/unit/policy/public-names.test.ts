import assert from "node:assert/strict";
import type { SeenResource } from "../../../policy/rule.ts";
import { accessBypass, administration, publicNames } from "../../../policy/rules/public-names.ts";
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

describe("policy: Access in front of administration", () => {
  const found = (...resources: SeenResource[]): string =>
    administration
      .judge(resources)
      .map(({ finding }) => finding)
      .join("\n");
  const to = (service: string) => rules({ hostname: host, service });
  const behind = (
    namespace: string,
    service: string,
    { gateway = "public", path }: { gateway?: string; path?: string } = {},
  ): SeenResource =>
    resource("kubernetes:gateway.networking.k8s.io/v1:HTTPRoute", {
      metadata: { namespace, name: "route" },
      spec: {
        parentRefs: [{ name: gateway }],
        hostnames: [host],
        rules: [
          {
            ...(path === undefined
              ? {}
              : { matches: [{ path: { type: "PathPrefix", value: path } }] }),
            backendRefs: [{ name: service, port: 80 }],
          },
        ],
      },
    });
  const envoy = to("http://envoy-public.envoy-gateway-system.svc.cluster.local:80");
  const said = record({ comment: "public without Access: it has a login (site home)" });

  for (const [namespace, service] of [
    ["monitoring", "grafana"],
    ["tools", "grafana"],
    ["argocd", "argocd-server"],
    ["rook-ceph", "rook-ceph-mgr-dashboard"],
    ["kube-system", "hubble-ui"],
    ["default", "kubernetes"],
    ["shop", "shop-postgresql"],
  ] as const) {
    it(`is asked for at ${namespace}/${service}, whatever the record says`, () => {
      const direct = to(`http://${service}.${namespace}.svc.cluster.local:80`);
      assert.match(
        found(direct, said),
        /^config\.ingresses\[0\]\.service: app\.example\.net shows/,
      );
      assert.match(found(envoy, said, behind(namespace, service)), /name Access policies/);
      assert.equal(found(application(), direct), "");
      assert.equal(found(application(), envoy, behind(namespace, service)), "");
    });
  }

  it("is not asked for at anything else, or at what the LAN alone is shown", () => {
    assert.equal(found(to("http://home-assistant.home-assistant.svc:8123"), said), "");
    assert.equal(found(envoy, said, behind("photos", "photos")), "");
    assert.equal(found(envoy, said, behind("monitoring", "gatus")), "");
    assert.equal(found(envoy, said, behind("monitoring", "grafana", { gateway: "lan" })), "");
  });

  it("is not asked for where Argo CD hears of pushes, but for any other of its paths", () => {
    const argocd = (path: string) => behind("argocd", "argocd-server", { path });
    assert.equal(found(envoy, said, argocd("/api/webhook")), "");
    assert.match(found(envoy, said, argocd("/api")), /shows Argo CD/);
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
