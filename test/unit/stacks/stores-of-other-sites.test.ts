import assert from "node:assert/strict";
import type { Flow } from "../../../components/policies/flow.ts";
import { networkPolicies } from "../../../components/policies/rules.ts";
import { ownNeeds } from "../../../stacks/parts/tailnet/look.ts";
import { policyPlan, siteTraffic } from "../../../stacks/traffic.ts";
import { violations } from "../components/json-schema.ts";
import { kindSchema } from "../components/lab-schema.ts";
import { backupSite, target } from "./backup-site.ts";
import { postgresSite } from "./postgres-site.ts";
import { outside, redisSite } from "./redis-site.ts";
import { homeConfig, problemsAfter, type Changes } from "./sample.ts";

const cabin = { ip: "100.101.102.104", ports: [80, 443], hostnames: ["s3.cabin.home.arpa"] };
const store = { ...target, endpoint: "https://s3.cabin.home.arpa" };

/** Home, with everything that goes to a store in buckets of the cabin. */
const kept: Changes = {
  ...postgresSite({ backup: { s3: { ...store, bucket: "postgres-home" } } }),
  ...redisSite({ snapshots: { s3: { ...store, endpoint: "http://s3.cabin.home.arpa" } } }),
  ...backupSite({ s3: store }),
  buckets: { photos: { backup: {} } },
  "tailnet.egress": { cabin },
};

const whoever = (flows: readonly Flow[], to: (flow: Flow) => boolean): readonly string[] =>
  flows.filter(to).flatMap(({ from }) => (from.kind === "pods" ? [from.title] : []));

const savers = [
  ...["Postgres main", "Redis cache", "copies of buckets", "movers of monitoring"],
] as const;

describe("stores of another site", () => {
  const flows = siteTraffic(homeConfig(kept));

  it("are kept by a site that is sound", () => {
    assert.deepEqual(problemsAfter(kept), []);
  });

  it("are reached through the egress proxies by whoever saves there, and by no rule of their name", () => {
    const toProxies = whoever(
      flows,
      ({ to }) => to.kind === "pods" && to.labels?.["tailscale.com/parent-resource"] === "egress",
    );
    assert.deepEqual([...toProxies].sort(), savers);
    const byName = whoever(
      flows,
      ({ to }) => to.kind === "names" && to.names.some(({ text }) => text.includes("cabin")),
    );
    assert.deepEqual(byName, []);
  });

  it("are asked for by their name, which is all that their savers may ask for", () => {
    const asked = flows.flatMap(({ from, to }) =>
      from.kind === "pods" && to.kind === "questions" && to.names.some((n) => n.matches === "name")
        ? [{ from: from.title, names: to.names.map(({ text }) => text) }]
        : [],
    );
    const own = asked.filter(({ names }) => names.includes("s3.cabin.home.arpa"));
    assert.deepEqual(own.map(({ from }) => from).sort(), savers);
    for (const { names } of own) assert.deepEqual(names, ["s3.cabin.home.arpa"]);
  });

  it("let both sides through, at whatever ports the operator chooses, as Cilium has it", () => {
    const policies = networkPolicies(policyPlan(homeConfig(kept)));
    const schema = kindSchema("cluster/cilium/crds/ciliumclusterwidenetworkpolicy_v2.json");
    const rules = (namespace: string, title: string) => {
      const policy = policies.find(({ name }) => name === `homelab-${namespace}`);
      const [apiVersion, kind] = ["cilium.io/v2", "CiliumClusterwideNetworkPolicy"];
      const { name = "", specs = [] } = policy ?? {};
      assert.deepEqual(violations(schema, { apiVersion, kind, metadata: { name }, specs }), []);
      const found = specs.find(({ description }) => description.startsWith(title));
      return JSON.stringify(found);
    };
    const proxies =
      '{"matchLabels":{"k8s:io.kubernetes.pod.namespace":"tailscale","tailscale.com/managed":"true","tailscale.com/parent-resource":"egress"}}';
    assert.ok(rules("monitoring", "movers").includes(`{"toEndpoints":[${proxies}]}`));
    const into = rules("tailscale", "proxies of egress");
    assert.match(into, /"ingress":\[\{"fromEndpoints":\[\{[^\]]*"k8s:io\.kubernetes[^\]]*\}\]\}/);
  });

  it("do not lead those away who save elsewhere", () => {
    const both = { ...kept, ...redisSite({}, { sessions: outside }), ...backupSite({ s3: store }) };
    const nas = siteTraffic(homeConfig(both)).filter(
      ({ to }) => to.kind === "names" && to.names.some(({ text }) => text === "nas.home.arpa"),
    );
    assert.deepEqual(
      whoever(nas, () => true),
      ["Redis sessions"],
    );
  });
});

describe("etcd's snapshots in another site", () => {
  const { accessKey, secretKey } = target;
  const s3 = { endpoint: store.endpoint, bucket: "etcd-home", accessKey, secretKey };
  const sent: Changes = { "cluster.snapshots": { s3 }, "tailnet.egress": { cabin } };
  const targets = (edits: Changes) => {
    const config = homeConfig(edits);
    assert.ok(config.tailnet);
    return ownNeeds(config, config.tailnet).egress;
  };
  const ports = [80, 443].map((port) => ({ port, protocol: "TCP" }));

  it("have machines reach it themselves, which send them", () => {
    assert.deepEqual(problemsAfter(sent), []);
    assert.deepEqual(targets(sent), [{ dst: cabin.ip, ports, machines: true }]);
    assert.deepEqual(targets(kept), [{ dst: cabin.ip, ports }]);
  });

  it("are refused at a port that nothing leads to", () => {
    const [problem] = problemsAfter({ ...sent, "tailnet.egress.cabin.ports": [80] });
    assert.equal(problem?.path, "homelab:cluster.snapshots.s3.endpoint");
    assert.match(problem.text, /which has TCP 80 and not TCP 443/);
  });
});

describe("an application that may use the egress proxies", () => {
  it("may ask for the names that lead to their hosts", () => {
    const edits = { "apps.typeo.egress": [{ tailnet: "egress" }], "tailnet.egress": { cabin } };
    const own = siteTraffic(homeConfig(edits)).filter(({ why }) => why.includes("typeo.egress"));
    assert.deepEqual(
      own.map(({ to }) => (to.kind === "questions" ? to.names.map(({ text }) => text) : to.kind)),
      ["pods", ["s3.cabin.home.arpa"]],
    );
  });
});
