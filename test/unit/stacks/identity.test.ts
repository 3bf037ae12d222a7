import assert from "node:assert/strict";
import { parse } from "yaml";
import { networkPolicies } from "../../../components/policies/rules.ts";
import { parameterValues } from "../../../components/remote/shell.ts";
import { crossCheck } from "../../../stacks/checks.ts";
import { judgeDex, judgeReloads } from "../../../stacks/parts/identity/doctor.ts";
import { named, persons } from "../../../stacks/parts/identity/people.ts";
import { policyPlan } from "../../../stacks/traffic.ts";
import type { Recording } from "../../recorder.ts";
import { at } from "../components/at.ts";
import { recordedHome } from "../components/home-recording.ts";
import { dexSite, identitySite } from "./identity-site.ts";
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

  it("lets a client stay where it changes, with its secret, which is told once", () => {
    for (const service of ["grafana", "kubernetes"]) {
      const { options } = recording.get(`home-sign-on-${service}-application`);
      const { replaceOnChanges, secretOutputs } = options;
      assert.deepEqual([replaceOnChanges, secretOutputs], [[], ["saasApp"]]);
    }
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

  it("gives kubectl a client that keeps no secret", () => {
    const { saasApp } = plain("home-sign-on-kubernetes-application");
    assert.deepEqual(at(saasApp, "redirectUris"), [
      "http://localhost:8000",
      "http://localhost:18000",
    ]);
    assert.deepEqual(at(saasApp, "grantTypes"), ["authorization_code_with_pkce"]);
    assert.equal(at(saasApp, "allowPkceWithoutClientSecret"), true);
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

  it("ends sessions at a public name once the people of its policies are others", () => {
    const step = "typeo.example.net-sessions-command";
    const { APPLICATION, HOST, PEOPLE } = parameterValues(String(plain(step)["stdin"]));
    assert.deepEqual(
      [APPLICATION, HOST],
      ["typeo.example.net-application-id", "typeo.example.net"],
    );
    assert.match(PEOPLE ?? "", /^\[\["family",.*admin@example\.net/);
    assert.ok(recording.waitsFor(step).has("home-access-family-policy"));
    assert.equal(recording.get(step).shown["stdin"], "[secret]");
  });

  it("leaves sessions at a name where others are added, and where policies of others change", async () => {
    const routes = identitySite()["gateway.routes"] as object;
    const admins = {
      ...{ hostnames: ["flows.example.net"], gateway: "public", access: ["admins"] },
      ...{ namespace: "kube-system", service: "hubble-ui", port: 80 },
    };
    const more = await recordedHome({
      ...{ ...identitySite(), "gateway.routes": { ...routes, admins } },
      "edge.access.admins": { people: ["admins"] },
    });
    const step = "typeo.example.net-sessions-command";
    assert.equal(more.get(step).plain["stdin"], plain(step)["stdin"]);
    assert.ok(more.find("flows.example.net-sessions-command"));
  });

  it("shows no secret", () => {
    const shown = JSON.stringify(recording.resources.map(({ shown: inputs }) => inputs));
    assert.ok(!shown.includes("secret of home-sign-on"));
    const encoded = Buffer.from("secret of home-sign-on").toString("base64").slice(0, -4);
    assert.ok(!shown.includes(encoded));
  });
});

describe("a site whose people sign on by Dex", () => {
  it("needs no edge, and no section but its own and a route", () => {
    assert.deepEqual(crossCheck(homeConfig(dexSite()), "home"), []);
    assert.equal(homeConfig(dexSite()).edge, undefined);
  });

  it("has two pods of it where a host may be lost, of the release in homelab:versions", () => {
    const { dex } = homeConfig(dexSite()).identity ?? {};
    assert.deepEqual([dex?.replicas, dex?.version], [2, "2.45.1"]);
  });

  it("tells each person's groups, and knows nobody whom no role names", () => {
    const { identity, people } = homeConfig(
      dexSite({ argocd: undefined, kubernetes: undefined, routes: {} }),
    );
    assert.ok(identity);
    assert.deepEqual(persons(identity, people), [
      { email: "admin@example.net", groups: ["admins", "family"] },
      { email: "family@example.net", groups: ["family"] },
    ]);
    const { grafana, ...rest } = identity;
    assert.deepEqual(named({ ...rest, grafana: { ...grafana!, viewers: [] } }), [
      "admin@example.net",
    ]);
  });
});

describe("the ways of sign-on by Dex", () => {
  const policies = networkPolicies(policyPlan(homeConfig(dexSite())));
  const egress = (namespace: string, name: string): string =>
    JSON.stringify(
      policies
        .find((policy) => policy.name === `homelab-${namespace}`)
        ?.specs.filter(({ endpointSelector: { matchLabels } }) =>
          Object.values(matchLabels).includes(name),
        )
        .map((spec) => spec.egress),
    );

  it("lead Grafana and the proxies to it, and Argo CD's server to the gateway by its name", () => {
    for (const [namespace, name] of [
      ["monitoring", "grafana"],
      ["envoy-gateway-system", "lan"],
    ] as const)
      assert.match(egress(namespace, name), /"identity".*"port":"5554"/, name);
    assert.match(egress("argocd", "argocd-server"), /"matchName":"id\.home\.arpa"/);
    assert.match(egress("argocd", "argocd-server"), /"port":"10443"/);
    assert.doesNotMatch(egress("argocd", "argocd-repo-server"), /id\.home\.arpa/);
  });

  it("lead nobody to Access", () => {
    assert.doesNotMatch(JSON.stringify(policies), /cloudflareaccess/);
  });
});

describe("the graph of a site with Dex", () => {
  let recording: Recording;
  before(async () => {
    const chosen = { "Family@example.net": "op://Homelab/Dex/family" };
    recording = await recordedHome(dexSite({}, { passwordHashes: chosen }));
  });
  const plain = (name: string) => recording.get(name).plain;
  const config = (): unknown =>
    parse((at(plain("home-dex-config"), "stringData") as Record<string, string>)["config.yaml"]!);

  it("makes no client at Access", () => {
    const types = recording.resources.map(({ type }) => type);
    assert.ok(!types.some((type) => type.startsWith("cloudflare:")));
  });

  it("tells Dex of all people and services, each with the addresses that it sends people back to", () => {
    const people = at(config(), "staticPasswords") as { email: string; groups: string[] }[];
    assert.deepEqual(
      people.map(({ email, groups }) => [email, groups.join(" ")]),
      [
        ["admin@example.net", "admins family"],
        ["family@example.net", "family"],
      ],
    );
    const clients = at(config(), "staticClients") as { id: string; redirectURIs: string[] }[];
    assert.deepEqual(
      clients.map(({ id }) => id),
      ["grafana", "argocd", "kubernetes", "route-hubble"],
    );
    assert.deepEqual(clients[3]?.redirectURIs, [
      "https://hubble.home.arpa/oauth2/callback",
      "https://flows.home.arpa/oauth2/callback",
    ]);
  });

  it("draws a password for whoever chose none", () => {
    assert.ok(recording.find("home-sign-on-password-admin@example.net"));
    assert.equal(recording.find("home-sign-on-password-family@example.net"), undefined);
    const [, family] = at(config(), "staticPasswords") as { hash: string }[];
    assert.match(family?.hash ?? "", /op:\/\/Homelab\/Dex\/family|secret/);
  });

  it("begins its pods anew with another config, and with another certificate", () => {
    const { metadata, spec } = plain("home-dex-deployment");
    assert.deepEqual(at(metadata, "annotations"), {
      "secret.reloader.stakater.com/reload": "dex-tls",
    });
    const marks = at(spec, "template.metadata.annotations") as Record<string, string>;
    assert.match(marks["homelab/secret-fingerprint"] ?? "", /^[0-9a-f]{32}$/);
    const before = recording.waitsFor("home-dex-deployment");
    assert.ok(before.has("home-dex-config") && before.has("dex-definitions-command"));
  });

  it("lets proxies take no certificate but its own, and policies of the routes refer to it", () => {
    const validation = at(plain("home-dex-tls"), "spec.validation");
    assert.equal(at(validation, "hostname"), "dex.identity.svc.cluster.local");
    const grant = at(plain("home-dex-policies"), "spec.from[0]");
    assert.equal(at(grant, "namespace"), "kube-system");
  });

  it("has Grafana, Argo CD and proxies ask it, each by its own way and with their own secret", () => {
    const grafana = at(plain("kube-prometheus-stack")["values"], "grafana");
    const ini = (grafana as Record<string, Record<string, unknown>>)["grafana.ini"];
    assert.equal(
      at(ini?.["auth.generic_oauth"], "token_url"),
      "https://dex.identity.svc.cluster.local/token",
    );
    const cm = at(plain("argo-cd")["values"], "configs.cm") as Record<string, string>;
    assert.equal(at(parse(cm["oidc.config"] ?? ""), "issuer"), "https://id.home.arpa");
    const { spec } = plain("route-hubble-security");
    assert.deepEqual(at(spec, "oidc.provider.backendRefs[0]"), {
      ...{ group: "", kind: "Service", name: "dex", namespace: "identity", port: 443 },
    });
    const clients = at(config(), "staticClients") as { secret?: string }[];
    assert.equal(new Set(clients.map(({ secret }) => secret)).size, 4);
    for (const namespace of ["monitoring", "argocd"])
      assert.equal(
        (at(plain(`home-${namespace}-namespace`), "metadata.labels") as Record<string, string>)[
          "homelab/internal-ca"
        ],
        "true",
      );
  });

  it("begins servers without it, and tells them once its name leads to it", () => {
    for (const node of ["stone", "tank", "titan", "vault"]) {
      const { stdin } = plain(`proxmox-${node}-apply-command`);
      const { AUTHENTICATION, PEOPLE = "", CONFIG = "" } = parameterValues(String(stdin));
      const takes = node !== "vault";
      assert.deepEqual([AUTHENTICATION, PEOPLE.includes('"jwt":[]')], ["", takes], node);
      assert.equal(CONFIG.includes("authentication-config="), takes, node);
      const told = recording.find(`home-api-sign-on-proxmox-${node}-command`);
      assert.equal(told !== undefined, takes, node);
    }
    const { stdin } = plain("home-api-sign-on-proxmox-stone-command");
    const { CONFIG = "" } = parameterValues(String(stdin));
    assert.match(CONFIG, /"url":"https:\/\/id\.home\.arpa".*"certificateAuthority":"@AUTHORITY@"/);
    const before = recording.waitsFor("home-api-sign-on-proxmox-stone-command");
    assert.ok(before.has("home-dex-deployment") && before.has("route-id-route"));
  });

  it("shows no password and no secret", () => {
    const shown = JSON.stringify(recording.resources.map(({ shown: inputs }) => inputs));
    const clients = at(config(), "staticClients") as { secret?: string }[];
    const people = at(config(), "staticPasswords") as { hash: string }[];
    for (const text of [...clients.map(({ secret }) => secret), ...people.map(({ hash }) => hash)])
      assert.ok(text === undefined || !shown.includes(text));
  });
});

describe("the doctor of sign-on", () => {
  it("says whether Dex answers, and by the right name", () => {
    const said = (issuer: string) => judgeDex("id.home.arpa", JSON.stringify({ issuer }))[0];
    assert.equal(said("https://id.home.arpa")?.severity, "ok");
    assert.match(said("https://old.home.arpa")?.text ?? "", /calls itself https:\/\/old/);
    const [silent] = judgeDex("id.home.arpa", new Error("503 Service Unavailable"));
    assert.match(silent?.text ?? "", /nobody signs on: 503/);
  });

  it("says when an API server cannot go by it", () => {
    const reload = (status: string, at: string) =>
      `apiserver_authentication_config_controller_automatic_reload_last_timestamp_seconds{apiserver_id_hash="sha256:1",status="${status}"} ${at}\n`;
    const severity = (metrics: string) => judgeReloads("id.home.arpa", metrics)[0]?.severity;
    assert.equal(severity(reload("failure", "1.7e+09")), "warning");
    assert.equal(severity(reload("failure", "1.7e+09") + reload("success", "1.8e+09")), "ok");
    assert.equal(severity(""), "ok");
  });
});
