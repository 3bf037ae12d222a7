import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { logAlerts } from "../../../components/logs/rules.ts";
import { prometheusRule, runbook } from "../../../components/monitoring/rules/alert.ts";
import { alertGroups, type WatchPlan } from "../../../components/monitoring/rules/rules.ts";
import { alertCases, type AlertCase } from "./alert-cases.ts";
import { closed, violations, type Schema } from "./json-schema.ts";
import { knownMetrics } from "./metrics/known.ts";
import { metricsOf, promtool } from "./promtool.ts";

const everything: WatchPlan = {
  ...{ certificates: true, bgp: true, gateway: true, edge: true, logs: true },
  ...{ argocd: true, names: true },
  sites: ["cabin"],
  storage: { disks: 4, usableGiB: 100 },
  postgres: [
    { cluster: "main", job: "postgres-main", instances: 3, lateAfterHours: 36 },
    { cluster: "old", job: "postgres-old", instances: 1 },
  ],
  redis: [
    { instance: "cache", job: "redis-cache", replicas: 2, evicts: false, savesEveryHours: 1 },
  ],
  kafka: [{ cluster: "main", job: "kafka-main", nodes: 2 }],
  backup: "volsync-metrics",
  buckets: { buckets: ["photos", "scans"], lateAfterHours: 50 },
  tesla: { mostPerDay: 1000 },
  outside: ["proxmox", "smart", "ups"],
  jobs: ["cilium-agent", "cloudflared"],
};
const groups = alertGroups(everything);
const alerts = groups.flatMap((group) => group.alerts);
const names = alerts.map(({ name }) => name).sort();
/** With those that Loki looks at. */
const told = [...alerts, ...logAlerts];
const rule = prometheusRule(groups);

describe("the alerts of a site's own", () => {
  it("are an object that the API server takes as it is", () => {
    const schema = JSON.parse(
      readFileSync(new URL("./schemas/prometheusrule.json", import.meta.url), "utf8"),
    ) as Schema;
    assert.deepEqual(violations(closed(schema), rule), []);
  });

  it("are read by promtool, have different names, and ask for nothing that no exporter has", () => {
    assert.match(promtool({ "rules.json": rule.spec }, "check", "rules", "rules.json"), /SUCCESS/);
    assert.equal(new Set(names).size, names.length);
    const unknown = alerts.flatMap(({ name, expression }) =>
      metricsOf(expression)
        // Of another site a metric has its name before it.
        .filter((metric) => !knownMetrics.has(metric.replace(/^cabin:/, "")))
        .map((metric) => `${name}: ${metric}`),
    );
    assert.deepEqual(unknown, []);
  });

  it("fire when they should and say what they mean", function () {
    // Dozens of cases with hours of samples each; a case loads its own alert alone, for all would be asked at each minute.
    this.timeout(120_000);
    const files = new Map<string, unknown>();
    for (const group of groups)
      for (const alert of group.alerts) {
        const rules = `${alert.name}.json`;
        const tests = alertCases.filter((one) => one.alert === alert.name).map(promtoolTest);
        files.set(rules, prometheusRule([{ ...group, alerts: [alert] }]).spec);
        files.set(`test-${rules}`, { rule_files: [rules], evaluation_interval: "1m", tests });
      }
    assert.deepEqual(
      alertCases.filter(({ alert }) => !files.has(`${alert}.json`)).map(({ alert }) => alert),
      [],
    );
    const tests = [...files.keys()].filter((name) => name.startsWith("test-"));
    const said = promtool(Object.fromEntries(files), "test", "rules", ...tests);
    assert.equal(said.match(/SUCCESS/g)?.length, tests.length, said);
  });

  it("have each a case in which it fires", () => {
    const fired = new Set(
      alertCases.filter(({ says }) => says !== undefined).map(({ alert }) => alert),
    );
    assert.deepEqual(
      names.filter((name) => !fired.has(name)),
      [],
    );
  });

  it("are only on parts that the site has", () => {
    const least = {
      ...{ certificates: false, bgp: false, gateway: false, edge: false, logs: false },
      ...{ argocd: false, names: false, sites: [] },
      ...{ postgres: [], redis: [], kafka: [], outside: [], jobs: [] },
    };
    assert.deepEqual(
      alertGroups(least).map(({ name }) => name),
      ["machines", "network"],
    );
    const text = JSON.stringify(alertGroups(least));
    assert.ok(!text.includes("cilium_bgp") && !text.includes("certmanager_"));
  });

  function promtoolTest({ alert, title, series, at, says }: AlertCase) {
    return {
      name: `${alert} ${title}`,
      interval: "1m",
      input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
      alert_rule_test: [
        {
          eval_time: at,
          alertname: alert,
          exp_alerts:
            says === undefined
              ? []
              : [
                  {
                    exp_labels: { ...says.labels, severity: severityOf(alert) },
                    exp_annotations: {
                      summary: says.summary,
                      description: says.description,
                      runbook_url: `docs/runbooks/${alert}.md`,
                    },
                  },
                ],
        },
      ],
    };
  }

  function severityOf(name: string): string {
    return alerts.find((alert) => alert.name === name)?.severity ?? "none of this name";
  }
});

describe("the pages of alerts", () => {
  const folder = new URL("../../../docs/runbooks/", import.meta.url);
  const pages = readdirSync(folder).filter((file) => file !== "README.md");

  it("are as many as the alerts, each called after its own", () => {
    assert.deepEqual(
      pages.map((file) => file.replace(/\.md$/, "")).sort(),
      told.map(({ name }) => name).sort(),
    );
  });

  it("say what it means, how bad it is, and what to do, and are listed with their severity", () => {
    const list = readFileSync(new URL("README.md", folder), "utf8");
    for (const { name, severity } of told) {
      const page = readFileSync(new URL(`${name}.md`, folder), "utf8");
      const titles = page.match(/^#+ .*$/gm);
      assert.deepEqual(
        titles,
        [`# ${name}`, "## What it means", "## How bad it is", "## What to do"],
        name,
      );
      assert.match(list, new RegExp(`\\[${name}\\]\\(${name}\\.md\\) +\\| ${severity} `), name);
    }
  });

  it("are linked where a site says where they are, and named by their path elsewhere", () => {
    assert.equal(runbook("BgpDown"), "docs/runbooks/BgpDown.md");
    const base = "https://git.example.net/homelab/docs/runbooks";
    const linked = prometheusRule(groups, base).spec.groups.flatMap(({ rules }) => rules);
    assert.ok(linked.every(({ annotations }) => annotations.runbook_url.startsWith(`${base}/`)));
  });
});
