import assert from "node:assert/strict";
import { networkPolicies } from "../../../components/policies/rules.ts";
import { crossCheck } from "../../../stacks/checks.ts";
import { policyPlan } from "../../../stacks/traffic.ts";
import { at } from "../components/at.ts";
import { recordedHome } from "../components/home-recording.ts";
import { argocdSite } from "./argocd-site.ts";
import { homeConfig } from "./sample.ts";

describe("a site's Argo CD", () => {
  it("is not there where nobody asked for it", () => {
    assert.equal(homeConfig().argocd, undefined);
  });

  it("is nothing that the site's checks refuse", () => {
    assert.deepEqual(crossCheck(homeConfig(argocdSite()), "home"), []);
    const many = argocdSite({ highlyAvailable: true });
    assert.deepEqual(crossCheck(homeConfig(many), "home"), []);
  });

  it("knows people by the addresses of their group", () => {
    const { signOn } = homeConfig(argocdSite()).argocd ?? {};
    assert.ok((signOn?.admins.emails.length ?? 0) > 0);
  });
});

describe("the ways of Argo CD", () => {
  const policies = networkPolicies(policyPlan(homeConfig(argocdSite())));
  const specs = policies.find(({ name }) => name === "homelab-argocd")?.specs ?? [];
  const of = (name: string) =>
    specs.filter(({ endpointSelector: { matchLabels } }) =>
      Object.values(matchLabels).includes(name),
    );
  const egress = (name: string) => JSON.stringify(of(name).map((spec) => spec.egress));

  it("lead the reader to repositories and charts, and to nothing of the cluster but Redis", () => {
    const text = egress("argocd-repo-server");
    for (const host of ["github.com", "git.example.net", "charts.jetstack.io"])
      assert.ok(text.includes(`"matchName":"${host}"`), host);
    assert.ok(!text.includes("kube-apiserver"), "it reaches the API server");
    assert.ok(!text.includes("0.0.0.0/0") && !text.includes('"cluster"'));
  });

  it("lead the server to the identity provider, and nobody else", () => {
    assert.match(egress("argocd-server"), /"matchName":"id\.example\.net"/);
    for (const other of ["argocd-repo-server", "argocd-application-controller"])
      assert.ok(!egress(other).includes("id.example.net"), other);
  });

  it("let the gateway into the server alone", () => {
    const text = JSON.stringify(
      specs.map(({ endpointSelector, ingress }) => [endpointSelector, ingress]),
    );
    assert.match(text, /"8080"/);
    const reader = JSON.stringify(of("argocd-repo-server").map((spec) => spec.ingress));
    assert.ok(!reader.includes("envoy-gateway-system"), "the gateway reaches the reader");
  });
});

describe("the graph of a site with Argo CD", () => {
  let recording: Awaited<ReturnType<typeof recordedHome>>;
  before(async () => {
    recording = await recordedHome(argocdSite());
  });
  const plain = (name: string) => recording.get(name).plain;

  it("makes the kinds and the settings before the release, and routes after it", () => {
    const order = (name: string) => recording.waitsFor(name);
    assert.ok(order("argo-cd").has("argocd-definitions-command"));
    assert.ok(order("argo-cd").has("home-argocd-settings"));
    assert.ok(order("argo-cd").has("home-argocd-let-go-command"));
    assert.ok(order("route-argocd-route").has("argo-cd"));
    assert.ok(order("home-argocd-app-apps").has("home-argocd-project-site"));
    assert.ok(order("home-argocd-app-apps").has("home-argocd-repository-home"));
    assert.ok(order("home-argocd-seen-command").has("home-argocd-app-apps"));
  });

  it("shows no secret", () => {
    const shown = JSON.stringify(recording.resources.map(({ shown: inputs }) => inputs));
    for (const secret of ["client-secret", "token", "github"]) {
      const value = `value-of-op://Homelab/Argo CD/${secret}`;
      assert.ok(!shown.includes(value), secret);
      assert.ok(!shown.includes(Buffer.from(value).toString("base64")), secret);
    }
  });

  it("gives Argo CD its settings in the one Secret that it reads", () => {
    const { metadata, data } = plain("home-argocd-settings") as {
      metadata: { name: string; labels: Record<string, string> };
      data: Record<string, string>;
    };
    assert.equal(metadata.name, "argocd-secret");
    assert.equal(metadata.labels["app.kubernetes.io/part-of"], "argocd");
    assert.deepEqual(Object.keys(data).sort(), ["oidc.clientSecret", "webhook.github.secret"]);
    const text = Buffer.from(data["webhook.github.secret"] ?? "", "base64").toString();
    assert.equal(text, "value-of-op://Homelab/Argo CD/github");
  });

  it("gives repositories their logins in Secrets that Argo CD finds", () => {
    const { metadata, data } = plain("home-argocd-repository-home") as {
      metadata: { labels: Record<string, string> };
      data: Record<string, string>;
    };
    assert.deepEqual(metadata.labels, { "argocd.argoproj.io/secret-type": "repository" });
    const text = Buffer.from(data["password"] ?? "", "base64").toString();
    assert.equal(text, "value-of-op://Homelab/Argo CD/token");
  });

  it("begins with what the site names", () => {
    const app = plain("home-argocd-app-apps");
    assert.equal(at(app, "kind"), "ApplicationSet");
    const { values } = plain("argo-cd") as { values: unknown };
    assert.equal(at(values, "global.domain"), "argocd.home.arpa");
  });
});
