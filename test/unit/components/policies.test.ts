import assert from "node:assert/strict";
import {
  apiServer,
  cluster,
  names,
  others,
  pods,
  tcp,
  world,
  type Flow,
} from "../../../components/policies/flow.ts";
import { dnsName, namesBelow, readName } from "../../../components/policies/names.ts";
import { reachabilityPage } from "../../../components/policies/reachability.ts";
import { networkPolicies, type PolicySpec } from "../../../components/policies/rules.ts";
import { siteNamespaces } from "../../../stacks/namespaces.ts";
import { policyPlan, siteTraffic } from "../../../stacks/traffic.ts";
import { homeConfig } from "../stacks/sample.ts";
import { violations } from "./json-schema.ts";
import { kindSchema } from "./lab-schema.ts";

const shop = pods("shop", "shop", { app: "shop" });
const wiki = pods("wiki", "wiki", { app: "wiki" });
const dns = [pods("DNS", "kube-system", { "k8s-app": "kube-dns" })];

function specs(namespace: string, ...flows: readonly Flow[]): readonly PolicySpec[] {
  const guarded = [pods("shop", "shop"), pods("wiki", "wiki")];
  const all = networkPolicies({ guarded, flows, dns, clusterDomain: "cluster.local" });
  return all.find(({ name }) => name === `homelab-${namespace}`)?.specs ?? [];
}

const why = "because";
const inNamespace = "k8s:io.kubernetes.pod.namespace";

describe("network policies", () => {
  const config = homeConfig();
  const home = networkPolicies(policyPlan(config));

  it("fit Cilium's definition", () => {
    const schema = kindSchema("cluster/cilium/crds/ciliumclusterwidenetworkpolicy_v2.json");
    for (const { name, specs: list } of home) {
      const object = {
        ...{ apiVersion: "cilium.io/v2", kind: "CiliumClusterwideNetworkPolicy" },
        ...{ metadata: { name }, specs: list },
      };
      assert.deepEqual(violations(schema, object), [], name);
    }
  });

  it("deny by default, in both directions, in every namespace of a site", () => {
    for (const { name: namespace } of siteNamespaces(config)) {
      const policy = home.find(({ name }) => name === `homelab-${namespace}`);
      const [deny] = policy?.specs ?? [];
      assert.deepEqual(deny?.endpointSelector.matchLabels, { [inNamespace]: namespace });
      assert.deepEqual([deny?.ingress, deny?.egress], [[{}], [{}]], namespace);
    }
  });

  it("let a flow between pods out on one side and in on the other", () => {
    const flow = { from: wiki, to: shop, ports: tcp(8080), why };
    const toPorts = [{ ports: [{ port: "8080", protocol: "TCP" }] }];
    assert.deepEqual(specs("wiki", flow).at(-1)?.egress, [
      { toEndpoints: [{ matchLabels: { [inNamespace]: "shop", app: "shop" } }], toPorts },
    ]);
    assert.deepEqual(specs("shop", flow).at(-1)?.ingress, [
      { fromEndpoints: [{ matchLabels: { [inNamespace]: "wiki", app: "wiki" } }], toPorts },
    ]);
  });

  it("name a peer by name in a rule of its own, beside the lookup that must be allowed first", () => {
    const to = names(dnsName("api.example.com"), namesBelow("example.org"));
    const [lookup, connection, ...more] =
      specs("wiki", { from: wiki, to, ports: tcp(443), why }).at(-1)?.egress ?? [];
    const selectors = [{ matchName: "api.example.com" }, { matchPattern: "**.example.org" }];
    assert.deepEqual(
      [lookup?.["toPorts"], connection?.["toFQDNs"], Object.keys(connection ?? {}), more],
      [
        [
          {
            ports: [
              { port: "53", protocol: "UDP" },
              { port: "53", protocol: "TCP" },
            ],
            rules: { dns: selectors },
          },
        ],
        selectors,
        ["toFQDNs", "toPorts"],
        [],
      ],
    );
  });

  it("reach the API servers behind the translation of their service", () => {
    assert.deepEqual(specs("wiki", { from: wiki, to: apiServer, why }).at(-1)?.egress, [
      {
        toEntities: ["kube-apiserver"],
        toPorts: [{ ports: [{ port: "6443", protocol: "TCP" }] }],
      },
    ]);
  });

  it("let webhooks be called by an API server on the pod's own machine too", () => {
    const [rule] =
      specs("shop", { from: apiServer, to: shop, ports: tcp(9443), why }).at(-1)?.ingress ?? [];
    assert.deepEqual(rule?.["fromEntities"], ["kube-apiserver", "host", "remote-node"]);
  });

  it("read requests of HTTP once, on the way into guarded pods", () => {
    const http = [{ method: "GET", path: "/api/.*" }];
    const flow = { from: wiki, to: shop, ports: tcp(8080), http, why };
    assert.match(JSON.stringify(specs("shop", flow).at(-1)), /"rules":\{"http":\[\{"method":"GET"/);
    assert.doesNotMatch(JSON.stringify(specs("wiki", flow).at(-1)), /"http"/);
  });

  it("open the guarded pods to whoever may reach the whole cluster", () => {
    const gate = pods("gate", "kube-system", { app: "gate" });
    const flow = { from: gate, to: cluster, ports: "all", why } as const;
    assert.deepEqual(specs("shop", flow).at(-1)?.ingress, [
      { fromEndpoints: [{ matchLabels: { [inNamespace]: "kube-system", app: "gate" } }] },
    ]);
  });

  it("leave the Connector its way to machines and to the site's names where pods are shut to the tailnet", () => {
    const shut = policyPlan(homeConfig({ "networkPolicy.tailnet": false }));
    const rules = networkPolicies(shut)
      .flatMap(({ specs: list }) => list)
      .filter(
        ({ endpointSelector }) =>
          endpointSelector.matchLabels["tailscale.com/parent-resource-type"] === "connector",
      )
      .flatMap(({ egress = [] }) => egress);
    const entities = rules.flatMap((rule) => (rule["toEntities"] ?? []) as readonly string[]);
    assert.ok(entities.includes("host") && entities.includes("remote-node"), String(entities));
    assert.ok(!entities.includes("cluster"), String(entities));
    const pods = rules.flatMap((rule) => rule["toEndpoints"] ?? []);
    assert.match(JSON.stringify(pods), /"app.kubernetes.io\/name":"resolver"/);
    assert.doesNotMatch(JSON.stringify(pods), /typeo/);
  });

  it("mean by others the pods of namespaces where nothing is guarded, and nobody without a namespace", () => {
    const [rule] =
      specs("shop", { from: others, to: shop, ports: "all", why }).at(-1)?.ingress ?? [];
    assert.deepEqual(rule?.["fromEndpoints"], [
      {
        matchExpressions: [
          { key: inNamespace, operator: "Exists" },
          { key: inNamespace, operator: "NotIn", values: ["shop", "wiki"] },
        ],
      },
    ]);
  });

  it("take what a load balancer passes on from another machine for what comes from outside", () => {
    const [rule] =
      specs("shop", { from: world, to: shop, ports: tcp(443), why }).at(-1)?.ingress ?? [];
    assert.deepEqual(rule?.["fromEntities"], ["world", "host", "remote-node"]);
  });

  it("select by labels that Cilium keeps for identities", () => {
    // pkg/labelsfilter/filter.go: these never become part of an identity.
    const dropped =
      /^(?!app\.kubernetes\.io\/)(kubernetes\.io|.*beta\.kubernetes\.io|k8s\.io|pod-template-|controller-revision-hash|statefulset\.kubernetes\.io\/pod-name)/;
    const labels = siteTraffic(config).flatMap(({ from, to }) =>
      [from, to].flatMap((peer) => (peer.kind === "pods" ? Object.keys(peer.labels ?? {}) : [])),
    );
    assert.deepEqual(
      labels.filter((label) => dropped.test(label)),
      [],
    );
  });

  it("lead from a gateway to the API servers, behind whose Service are no pods", () => {
    const control = {
      ...{ kind: "tls", listener: "control", hostnames: ["control.home.arpa"] },
      ...{ namespace: "default", service: "kubernetes", port: 443 },
    };
    const config = homeConfig({
      "gateway.lan.listeners": [{ name: "control", port: 9443, protocol: "tls" }],
      "gateway.routes": { control },
    });
    const flow = siteTraffic(config).find(({ why }) => why === "the route control");
    assert.equal(flow?.to, apiServer);
  });
});

describe("names in rules", () => {
  it("are read as what they stand for", () => {
    assert.deepEqual(readName("api.example.com"), dnsName("api.example.com"));
    assert.deepEqual(readName("**.example.com"), namesBelow("example.com"));
    assert.throws(() => readName("*.example.com"), /stand for one label only/);
  });
});

describe("the page of who may talk to whom", () => {
  it("tells of each namespace who comes in and where its pods go", () => {
    const page = reachabilityPage("home", policyPlan(homeConfig()));
    assert.match(
      page,
      /## typeo\n\n\| from[^#]*\| cloudflared \| typeo \| 8080 \| publishes typeo\.example\.net \|/,
    );
    assert.match(page, /\| Hubble UI \| Hubble Relay \| 4245 \|/);
  });

  it("says what nobody reaches", () => {
    const plan = {
      guarded: [pods("shop", "shop")],
      flows: [],
      dns,
      clusterDomain: "cluster.local",
    };
    assert.match(reachabilityPage("home", plan), /## shop\n\nNobody reaches its pods/);
  });
});
