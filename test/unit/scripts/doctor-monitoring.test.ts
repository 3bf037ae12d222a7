import assert from "node:assert/strict";
import {
  judgeAlerts,
  judgeWatch,
  monitoringChecks,
  type AlertInForce,
} from "../../../stacks/parts/monitoring/doctor.ts";
import { homeConfig } from "../stacks/sample.ts";
import { said } from "./said.ts";

const config = homeConfig({
  monitoring: {
    grafanaPassword: "op://Homelab/Grafana/password",
    heartbeat: { host: "hc-ping.com", url: "op://Homelab/Heartbeat/url" },
    receivers: { chat: { discord: "op://Homelab/Discord/webhook" } },
  },
});
const { monitoring = assert.fail("no monitoring") } = config;

const watchdog: AlertInForce = { labels: { alertname: "Watchdog", severity: "none" } };

const conditions = (generation: number) =>
  ["Available", "Reconciled"].map((type) => ({
    ...{ type, status: "True", observedGeneration: generation },
  }));

describe("the doctor at monitoring", () => {
  it("asks nothing of a site without it, or of one that is not up", () => {
    const run = () => Promise.reject(new Error("asked"));
    const without = { name: "home", config: homeConfig({ monitoring: undefined }), isUp: true };
    assert.deepEqual(monitoringChecks(without, run), []);
    assert.deepEqual(monitoringChecks({ name: "home", config, isUp: false }, run), []);
  });

  it("hears what the operator says of the object as it is now", () => {
    const watch = (generation: number) => [
      { metadata: { name: "p", generation: 2 }, status: { conditions: conditions(generation) } },
    ];
    assert.equal(said(judgeWatch("Prometheus", "home", watch(2))), "ok: Prometheus: runs");
    assert.match(
      said(judgeWatch("Prometheus", "home", watch(1))),
      /^error: Prometheus: Available was said before its last change/,
    );
    assert.equal(
      said(judgeWatch("Alertmanager", "home", [])),
      "error: Alertmanager: is not in the cluster",
    );
  });

  it("is content where somebody is told, and nothing fires but Watchdog", () => {
    const found = said(judgeAlerts(monitoring, [watchdog]));
    assert.equal(found, "ok: alerts: none fires but Watchdog");
  });

  it("says what fires, as bad as it is", () => {
    const full: AlertInForce = {
      labels: { alertname: "NodeFilesystemAlmostOutOfSpace", severity: "warning" },
      annotations: { summary: "Filesystem has less than 5% space left." },
    };
    const lost: AlertInForce = {
      labels: { alertname: "KubeAPIDown", severity: "critical", namespace: "default" },
    };
    assert.equal(
      said(judgeAlerts(monitoring, [watchdog, full, lost])),
      "warning: alert NodeFilesystemAlmostOutOfSpace: Filesystem has less than 5% space left.\n" +
        "error: alert KubeAPIDown in default: fires",
    );
  });

  it("says once what one rule says of many things", () => {
    const full = (mountpoint: string): AlertInForce => ({
      labels: { alertname: "NodeFilesystemAlmostOutOfSpace", severity: "warning", mountpoint },
      annotations: { summary: `${mountpoint} has less than 5% space left.` },
    });
    assert.equal(
      said(judgeAlerts(monitoring, [watchdog, full("/"), full("/boot"), full("/srv")])),
      "warning: alert NodeFilesystemAlmostOutOfSpace: / has less than 5% space left. (and 2 more of this name)",
    );
  });

  it("misses the alert that fires always, whoever is told, and a watch outside", () => {
    const quiet = { receivers: {}, heartbeat: undefined };
    const found = said(judgeAlerts(quiet, []));
    assert.match(found, /^warning: alerts: nobody is told of them$/m);
    assert.match(found, /^warning: alerts: nobody outside notices/m);
    assert.match(found, /^error: alerts: Watchdog, which fires always, is not at Alertmanager/m);
  });
});
