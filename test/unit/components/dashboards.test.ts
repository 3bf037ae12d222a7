import assert from "node:assert/strict";
import { sources } from "../../../components/logs/names.ts";
import { dashboardMap, dashboards } from "../../../components/monitoring/dashboards/dashboards.ts";
import { dashboardJson } from "../../../components/monitoring/dashboards/panels.ts";
import { overviewName } from "../../../components/monitoring/names.ts";
import { stackValues } from "../../../components/monitoring/stack-values.ts";
import { at } from "./at.ts";
import { knownMetrics } from "./metrics/known.ts";
import { metricsOf, promtool } from "./promtool.ts";

const everything = {
  ...{ certificates: true, bgp: true, gateway: true, edge: true, logs: true },
  ...{ argocd: true, names: true },
  sites: [],
  storage: { disks: 4, usableGiB: 100 },
  postgres: [
    { cluster: "main", job: "postgres-main", instances: 2, lateAfterHours: 36 },
    { cluster: "trial", job: "postgres-trial", instances: 1 },
  ],
  redis: [],
  kafka: [],
  tesla: { mostPerDay: 50_000 },
  outside: ["proxmox"],
  jobs: [],
};
const all = dashboards(everything);
const asked = all.flatMap(({ name, panels }) =>
  panels.flatMap(({ title, source = "prometheus", queries: some }) =>
    some.map(({ expression }) => ({ where: `${name}: ${title}`, source, expression })),
  ),
);
const queries = asked.filter(({ source }) => source === "prometheus");

describe("the dashboards", () => {
  it("ask questions that Prometheus reads, of metrics that there are", () => {
    // Grafana puts the time between two points there.
    const rules = queries.map(({ expression }, i) => ({
      record: `asked:${i}`,
      expr: expression.replaceAll("$__rate_interval", "5m"),
    }));
    const file = { groups: [{ name: "asked", rules }] };
    assert.match(promtool({ "rules.json": file }, "check", "rules", "rules.json"), /SUCCESS/);
    const unknown = queries.flatMap(({ where, expression }) =>
      metricsOf(expression)
        .filter((metric) => !knownMetrics.has(metric))
        .map((metric) => `${where}: ${metric}`),
    );
    assert.deepEqual(unknown, []);
  });

  it("ask Loki for lines of sources that Alloy has", () => {
    const ofLoki = asked.filter(({ source }) => source === "loki");
    assert.ok(ofLoki.length >= 4);
    for (const { where, expression } of ofLoki) {
      const [, job = ""] = /^[^{]*\{job="(\w+)"/.exec(expression) ?? [];
      assert.ok(Object.values<string>(sources).includes(job), where);
    }
    const board = all.find(({ name }) => name === "homelab-logs");
    assert.ok(board);
    const { panels } = dashboardJson(board);
    for (const { type, datasource, targets } of panels.filter(({ type }) => type === "logs")) {
      assert.deepEqual(datasource, { type: "loki", uid: "loki" }, type);
      assert.ok(targets.every((one) => at(one, "queryType") === "range"));
    }
  });

  it("lie side by side, none over another", () => {
    for (const dashboard of all) {
      const { panels } = dashboardJson(dashboard);
      const cells = panels.flatMap(({ gridPos: { x = 0, y = 0, w, h } }) =>
        Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
      );
      assert.equal(new Set(cells).size, cells.length, dashboard.name);
      assert.ok(
        cells.every((cell) => Number(cell.split(",")[0]) < 24),
        dashboard.name,
      );
    }
  });

  it("are ConfigMaps that the sidecar finds, small, and each with an address of its own", () => {
    const maps = all.map(dashboardMap);
    assert.equal(new Set(maps.map(({ metadata }) => metadata.name)).size, maps.length);
    for (const { metadata, data } of maps) {
      assert.deepEqual(metadata.labels, { grafana_dashboard: "1" });
      const [[file = "", text = ""] = []] = Object.entries(data);
      assert.equal(file, `${metadata.name}.json`);
      assert.ok(text.length < 20_000, `${file} has ${text.length} characters`);
      assert.equal(at(JSON.parse(text), "uid"), metadata.name);
    }
  });

  it("are of the parts that the site has", () => {
    const least = {
      ...{ certificates: false, bgp: false, gateway: false, edge: false, logs: false },
      ...{ argocd: false, names: false, sites: [] },
      ...{ postgres: [], redis: [], kafka: [], outside: [], jobs: [] },
    };
    const some = dashboards(least);
    assert.deepEqual(
      some.map(({ name }) => name),
      ["homelab-overview", "homelab-cluster", "homelab-nodes", "homelab-network"],
    );
    const text = JSON.stringify(some);
    assert.ok(!/ceph_|certmanager_|cloudflared_|cnpg_|bgp_/.test(text));
  });

  it("begin with the overview", () => {
    const values = stackValues({
      ...{ site: "home", retentionDays: 15, sizeGiB: 20, passwordMark: "mark" },
      ...{ controlPlane: true, clusterDns: true },
      otherSites: { site: "home", sends: [], receives: [], clusterDomain: "cluster.local" },
    });
    const path = `/tmp/dashboards/${overviewName}.json`;
    const ini = (at(values, "grafana") as Record<string, unknown>)["grafana.ini"];
    assert.equal(at(ini, "dashboards.default_home_dashboard_path"), path);
  });
});
