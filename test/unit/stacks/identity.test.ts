import assert from "node:assert/strict";
import { parse } from "yaml";
import { networkPolicies } from "../../../components/policies/rules.ts";
import { parameterValues } from "../../../components/remote/shell.ts";
import { crossCheck } from "../../../stacks/checks.ts";
import { policyPlan } from "../../../stacks/traffic.ts";
import type { Recording } from "../../recorder.ts";
import { at } from "../components/at.ts";
import { recordedHome } from "../components/home-recording.ts";
import { identitySite } from "./identity-site.ts";
import { homeConfig } from "./sample.ts";

const issuer = (service: string) =>
  `https://house.cloudflareaccess.com/cdn-cgi/access/sso/oidc/id-of-home-sign-on-${service}`;

describe("a site's sign-on", () => {
  it("is not there where nobody asked for it", () => {
    assert.equal(homeConfig().identity, undefined);
  });

  it("is nothing that the site's checks refuse", () => {
    assert.deepEqual(crossCheck(homeConfig(identitySite()), "home"), []);
  });

  it("knows people by the addresses of their groups, as Access writes them", () => {
    const { grafana, argocd } = homeConfig(identitySite()).identity ?? {};
    assert.deepEqual(grafana?.admins, ["admin@example.net"]);
    assert.deepEqual(argocd?.readers, ["family@example.net", "admin@example.net"]);
  });
});

describe("the ways of sign-on", () => {
  const policies = networkPolicies(policyPlan(homeConfig(identitySite())));
  const reach = (namespace: string, name: string): boolean =>
    JSON.stringify(
      policies
        .find((policy) => policy.name === `homelab-${namespace}`)
        ?.specs.filter(({ endpointSelector: { matchLabels } }) =>
          Object.values(matchLabels).includes(name),
        )
        .map(({ egress }) => egress),
    ).includes('"matchName":"house.cloudflareaccess.com"');

  it("lead Grafana, Argo CD's server and the proxies of such routes to Access, and nobody else", () => {
    assert.ok(reach("monitoring", "grafana") && reach("argocd", "argocd-server"));
    assert.ok(reach("envoy-gateway-system", "lan"));
    assert.ok(!reach("monitoring", "prometheus") && !reach("argocd", "argocd-repo-server"));
  });
});

describe("the graph of a site with sign-on", () => {
  let recording: Recording;
  before(async () => {
    recording = await recordedHome(identitySite());
  });
  const plain = (name: string) => recording.get(name).plain;

  it("makes a client of each service, with the address that it sends people back to", () => {
    for (const [service, uri] of [
      ["grafana", "https://grafana.home.arpa/login/generic_oauth"],
      ["argocd", "https://argocd.home.arpa/auth/callback"],
    ] as const) {
      const { saasApp, type, sessionDuration } = plain(`home-sign-on-${service}-application`);
      assert.deepEqual([type, sessionDuration], ["saas", "4h"]);
      assert.deepEqual(at(saasApp, "redirectUris"), [uri]);
      assert.equal(at(saasApp, "accessTokenLifetime"), "4h");
    }
  });

  it("lets exactly those sign on whom a role names", () => {
    const { includes, decision } = plain("home-sign-on-access-sign-on-grafana-policy");
    assert.equal(decision, "allow");
    assert.deepEqual(includes, [
      { email: { email: "admin@example.net" } },
      { email: { email: "family@example.net" } },
    ]);
    const { policies } = plain("home-sign-on-grafana-application");
    assert.deepEqual(policies, [
      { id: "home-sign-on-access-sign-on-grafana-policy-id", precedence: 1 },
    ]);
  });

  it("makes another client where one would change, for its secret is told once", () => {
    const { replaceOnChanges, secretOutputs } = recording.get(
      "home-sign-on-grafana-application",
    ).options;
    assert.deepEqual([replaceOnChanges, secretOutputs], [["*"], ["saasApp"]]);
  });

  it("gives Grafana its client and its secret before it begins", () => {
    const { values } = plain("kube-prometheus-stack");
    const ini = (at(values, "grafana") as Record<string, Record<string, unknown>>)["grafana.ini"];
    const oauth = ini?.["auth.generic_oauth"];
    assert.equal(at(oauth, "auth_url"), `${issuer("grafana-application")}/authorization`);
    assert.ok(recording.waitsFor("kube-prometheus-stack").has("home-monitoring-grafana-sign-on"));
    const { stringData } = plain("home-monitoring-grafana-sign-on");
    assert.deepEqual(stringData, { "client-secret": "secret of home-sign-on-grafana-application" });
  });

  it("gives Argo CD its client, the secret in argocd-secret, and roles by address alone", () => {
    const { values } = plain("argo-cd");
    const cm = at(values, "configs.cm") as Record<string, string>;
    const config: unknown = parse(cm["oidc.config"] ?? "");
    assert.equal(at(config, "issuer"), issuer("argocd-application"));
    assert.equal(at(config, "clientSecret"), "$oidc.clientSecret");
    const rbac = at(values, "configs.rbac") as Record<string, string>;
    assert.equal(rbac["scopes"], "[email]");
    assert.match(rbac["policy.csv"] ?? "", /^g, admin@example.net, role:admin\n/);
    const { data } = plain("home-argocd-settings") as { data: Record<string, string> };
    const text = Buffer.from(data["oidc.clientSecret"] ?? "", "base64").toString();
    assert.equal(text, "secret of home-sign-on-argocd-application");
  });

  it("gives kubectl a client that keeps no secret, and stays the same when it changes", () => {
    const { saasApp } = plain("home-sign-on-kubernetes-application");
    assert.deepEqual(at(saasApp, "redirectUris"), [
      "http://localhost:8000",
      "http://localhost:18000",
    ]);
    assert.deepEqual(at(saasApp, "grantTypes"), ["authorization_code_with_pkce"]);
    assert.equal(at(saasApp, "allowPkceWithoutClientSecret"), true);
    const { options } = recording.get("home-sign-on-kubernetes-application");
    assert.deepEqual(options.replaceOnChanges, []);
  });

  it("has every server's API server take its tokens, and no agent's", () => {
    for (const node of ["stone", "tank", "titan", "vault"]) {
      const { stdin } = plain(`proxmox-${node}-apply-command`);
      const { AUTHENTICATION = "", CONFIG = "" } = parameterValues(String(stdin));
      const takes = node !== "vault";
      assert.equal(AUTHENTICATION.includes(issuer("kubernetes-application")), takes, node);
      assert.equal(CONFIG.includes("authentication-config="), takes, node);
    }
  });

  it("binds people to Kubernetes' own roles, by their addresses", () => {
    const { roleRef, subjects } = plain("home-people-homelab-admins");
    assert.equal(at(roleRef, "name"), "cluster-admin");
    assert.deepEqual(
      (subjects as { name: string }[]).map(({ name }) => name),
      ["access:admin@example.net"],
    );
    assert.equal(at(plain("home-people-homelab-readers")["roleRef"], "name"), "view");
  });

  it("has proxies ask for a login, for each name of a route, and for the people of its groups", () => {
    const { saasApp } = plain("home-sign-on-route-hubble-application");
    assert.deepEqual(at(saasApp, "redirectUris"), [
      "https://hubble.home.arpa/oauth2/callback",
      "https://flows.home.arpa/oauth2/callback",
    ]);
    const { spec } = plain("route-hubble-security");
    assert.equal(at(spec, "oidc.provider.issuer"), issuer("route-hubble-application"));
    assert.deepEqual(at(spec, "authorization.rules[0].principal"), {
      clientCIDRs: ["192.168.1.0/24"],
      jwt: { provider: "sign-on", claims: [{ name: "email", values: ["admin@example.net"] }] },
    });
    const { metadata, stringData } = plain("route-hubble-sign-on");
    assert.deepEqual(metadata, { name: "hubble-sign-on", namespace: "kube-system" });
    assert.deepEqual(stringData, {
      "client-secret": "secret of home-sign-on-route-hubble-application",
    });
    assert.ok(recording.waitsFor("route-hubble-security").has("route-hubble-sign-on"));
    assert.ok(recording.waitsFor("route-hubble-route").has("route-hubble-security"));
    assert.equal(recording.find("route-grafana-security"), undefined);
  });

  it("ends sessions at public names once the people of a policy are others", () => {
    const text = String(plain("home-sessions-command")["stdin"]);
    assert.match(text, /typeo\.example\.net-application-id typeo\.example\.net/);
    assert.match(text, /admin@example\.net/);
    assert.match(text, /"typeo\.example\.net",\["family"\]/);
    assert.ok(recording.waitsFor("home-sessions-command").has("home-access-family-policy"));
    assert.equal(recording.get("home-sessions-command").shown["stdin"], "[secret]");
  });

  it("shows no secret", () => {
    const shown = JSON.stringify(recording.resources.map(({ shown: inputs }) => inputs));
    assert.ok(!shown.includes("secret of home-sign-on"));
    const encoded = Buffer.from("secret of home-sign-on").toString("base64").slice(0, -4);
    assert.ok(!shown.includes(encoded));
  });
});
