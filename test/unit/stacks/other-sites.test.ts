import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { metricsPrefix, remoteWriteValues } from "../../../components/monitoring/remote-write.ts";
import { siteExposure } from "../../../stacks/exposure/table.ts";
import { siteTraffic } from "../../../stacks/traffic.ts";
import { at } from "../components/at.ts";
import { recordedHome } from "../components/home-recording.ts";
import { closed, violations, type Schema } from "../components/json-schema.ts";
import { homeConfig, problemsAfter, type Changes } from "./sample.ts";

const grafanaPassword = "op://Homelab/Grafana/password";
const receiving: Changes = {
  monitoring: { grafanaPassword, receives: ["cabin"] },
  "gateway.internal.enabled": true,
};
const sending: Changes = {
  monitoring: { grafanaPassword, sends: ["far"] },
  "tailnet.egress": { far: { ip: "100.101.102.104", ports: [80] } },
};

describe("metrics of another site", () => {
  it("have its name before their own, so that no rule takes them for this site's", () => {
    const values = remoteWriteValues({
      ...{ site: "cabin-2", sends: ["home"], receives: [] },
      clusterDomain: "cluster.local",
    });
    assert.equal(at(values, "remoteWrite[0].writeRelabelConfigs[0].replacement"), "cabin_2:$1");
    // https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels
    for (const site of ["cabin-2", "2nd"])
      assert.match(`${metricsPrefix(site)}up`, /^[a-zA-Z_:][a-zA-Z0-9_:]*$/);
    assert.equal(
      at(values, "remoteWrite[0].url"),
      "http://home.tailscale.svc.cluster.local/api/v1/write",
    );
    assert.equal(values["enableRemoteWriteReceiver"], undefined);
    assert.equal(values["tsdb"], undefined);
  });

  it("go out by values that the operator takes as they are", () => {
    const file = new URL("../components/schemas/remotewrite.json", import.meta.url);
    const schema = closed(JSON.parse(readFileSync(file, "utf8")) as Schema);
    const plan = { site: "cabin", sends: ["home"], receives: [], clusterDomain: "cluster.local" };
    assert.deepEqual(violations(schema, at(remoteWriteValues(plan), "remoteWrite[0]")), []);
  });

  it("are neither sent nor taken where nobody asked for it", () => {
    const none = { site: "home", sends: [], receives: [], clusterDomain: "cluster.local" };
    assert.deepEqual(remoteWriteValues(none), {});
  });

  it("are sent and taken by sites that are sound", () => {
    assert.deepEqual(problemsAfter(receiving), []);
    assert.deepEqual(problemsAfter(sending), []);
  });
});

describe("a site that takes metrics of another", () => {
  let recording: Awaited<ReturnType<typeof recordedHome>>;
  before(async function () {
    this.timeout(60_000);
    recording = await recordedHome(receiving);
  });

  it("lets the one path in by which they come, at the tailnet's gateway, and POST alone", () => {
    const { spec, metadata } = recording.get("home-metrics-in-route").plain as {
      spec: unknown;
      metadata: { namespace: string };
    };
    assert.equal(metadata.namespace, "monitoring");
    assert.deepEqual(
      [at(spec, "parentRefs[0].name"), at(spec, "parentRefs[0].sectionName")],
      ["internal", "http"],
    );
    assert.equal(at(spec, "hostnames"), undefined);
    assert.deepEqual(at(spec, "rules[0].matches"), [
      { path: { type: "Exact", value: "/api/v1/write" }, method: "POST" },
    ]);
    assert.deepEqual(at(spec, "rules[0].backendRefs[0].name"), "monitoring-prometheus");
    assert.ok(recording.waitsFor("home-metrics-in-route").has("kube-prometheus-stack"));
  });

  it("has Prometheus take them, and an alert on their silence", () => {
    const { values } = recording.get("kube-prometheus-stack").plain as { values: unknown };
    assert.equal(at(values, "prometheus.prometheusSpec.enableRemoteWriteReceiver"), true);
    // Otherwise what comes more than an hour late is refused (prometheus, tsdb/head_append.go, appendableMinValidTime).
    assert.equal(at(values, "prometheus.prometheusSpec.tsdb.outOfOrderTimeWindow"), "3h");
    const rules = JSON.stringify(recording.get("home-monitoring-rules").plain);
    assert.match(rules, /absent\(cabin:up\)/);
  });

  it("says so in the table of what is reached from outside, and in the network policy", () => {
    const config = homeConfig(receiving);
    const [row] = siteExposure(config).filter(({ from }) => from.includes("receives"));
    assert.deepEqual(
      [row?.to, row?.path, row?.backend, row?.tls],
      ["tailnet", "/api/v1/write", "monitoring/monitoring-prometheus:9090", "none"],
    );
    const way = (all: Changes) =>
      siteTraffic(homeConfig(all)).filter(
        ({ from, to }) =>
          from.kind === "pods" &&
          from.title === "proxies of internal" &&
          to.kind === "pods" &&
          to.namespace === "monitoring",
      );
    assert.equal(way(receiving).length, 1);
    assert.deepEqual(way({ ...receiving, monitoring: { grafanaPassword } }), []);
  });
});
