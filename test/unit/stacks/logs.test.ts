import assert from "node:assert/strict";
import { networkPolicies } from "../../../components/policies/rules.ts";
import { parameterValues } from "../../../components/remote/shell.ts";
import { logsTraffic } from "../../../stacks/parts/logs/traffic.ts";
import { policyPlan } from "../../../stacks/traffic.ts";
import { at } from "../components/at.ts";
import { recordedHome } from "../components/home-recording.ts";
import { homeConfig, type Changes } from "./sample.ts";

const monitoring = { grafanaPassword: "op://Homelab/Grafana/password" };

/** Home with logs, which need storage. */
const home = (changes: Changes = {}) => homeConfig({ storage: {}, logs: {}, ...changes });

describe("a site's logs", () => {
  it("are not there where nobody asked for them", () => {
    assert.equal(homeConfig({ storage: {} }).logs, undefined);
  });

  it("are kept in the first class of buckets, and wait in the default class of volumes", () => {
    const { logs } = home();
    assert.equal(logs?.class, "ceph-bucket");
    assert.equal(logs.volume.class, "ceph-block");
    assert.equal(home({ logs: { class: "other" } }).logs?.class, "other");
  });
});

describe("the ways of logs", () => {
  const ways = (changes: Changes) =>
    logsTraffic(home(changes)).map(
      ({ from, to }) =>
        `${from.kind === "pods" ? from.title : from.kind} to ${to.kind === "pods" ? to.title : to.kind}`,
    );

  it("lead from Alloy to Loki and from there to its bucket, and to monitoring where there is one", () => {
    const alone = ["Alloy to Loki", "Loki to object gateways", "api-server to Loki"];
    assert.deepEqual(ways({ monitoring: undefined }), alone);
    assert.deepEqual(ways({ monitoring }), [...alone, "Grafana to Loki", "Loki to Alertmanager"]);
    assert.deepEqual(logsTraffic(homeConfig()), []);
  });

  it("let neither out of the cluster, and nobody in but these", () => {
    const policies = networkPolicies(policyPlan(home({ monitoring })));
    for (const name of ["homelab-loki", "homelab-alloy"]) {
      const specs = policies.find((policy) => policy.name === name)?.specs;
      assert.ok(specs, name);
      const text = JSON.stringify(specs);
      assert.ok(!text.includes('"world"') && !text.includes("toCIDRSet"), name);
      assert.ok(text.includes('"prometheus"'), name);
    }
  });
});

describe("the graph of a site with logs", () => {
  let recording: Awaited<ReturnType<typeof recordedHome>>;
  before(async () => {
    recording = await recordedHome({ storage: {}, logs: { units: ["ssh.service"] }, monitoring });
  });

  const order = (name: string) => recording.waitsFor(name);

  it("makes Loki after its bucket and its volume, and these after storage was tried", () => {
    assert.ok(order("loki").has("home-logs-bucket-claim"));
    assert.ok(order("loki").has("home-logs-volume-claim"));
    assert.ok(order("loki").has("home-logs-rules"));
    assert.ok(order("home-logs-bucket-claim").has("home-storage-tried-command"));
    assert.ok(order("home-logs-volume-claim").has("home-storage-tried-command"));
    assert.ok(order("alloy").has("loki"));
    assert.ok(order("home-logs-seen-command").has("alloy"));
    assert.ok(order("home-logs-data-source").has("kube-prometheus-stack"));
  });

  it("bounds the bucket, and names the claim to Loki", () => {
    const { spec } = recording.get("home-logs-bucket-claim").plain as { spec: unknown };
    assert.deepEqual(spec, {
      generateBucketName: "loki-bucket",
      storageClassName: "ceph-bucket",
      additionalConfig: { maxSize: "50Gi" },
    });
    const { values, namespace } = recording.get("loki").plain as Record<string, unknown>;
    assert.equal(namespace, "loki");
    assert.equal(at(values, "singleBinary.extraEnvFrom[1].secretRef.name"), "loki-bucket");
    assert.equal(
      at(values, "loki.rulerConfig.alertmanager_url"),
      "http://monitoring-alertmanager.monitoring.svc.cluster.local:9093",
    );
    assert.equal(at(values, "loki.rulerConfig.external_labels.site"), "home");
  });

  it("admits Alloy to its machine's files, and Loki to nothing", () => {
    const profile = (name: string) =>
      at(recording.get(name).plain, "metadata.labels") as Record<string, string>;
    const key = "pod-security.kubernetes.io/enforce";
    assert.equal(profile("home-logs-loki-namespace")[key], "restricted");
    assert.equal(profile("home-logs-alloy-namespace")[key], "privileged");
  });

  it("waits for lines of every machine, and for every rule", () => {
    const { stdin } = recording.get("home-logs-seen-command").plain as { stdin: string };
    const { NODES: nodes = "", ALERTS: alerts, CONFIG: config = "" } = parameterValues(stdin);
    assert.equal(nodes.split(" ").length, 4);
    assert.equal(alerts, "6");
    assert.ok(config.includes("ssh.service"));
  });

  it("has neither rules nor a data source where there is no monitoring", async () => {
    const { resources } = await recordedHome({ storage: {}, logs: {}, monitoring: undefined });
    const names = resources.map(({ name }) => name);
    assert.ok(names.includes("loki"));
    assert.ok(!names.includes("home-logs-rules") && !names.includes("home-logs-data-source"));
  });
});
