import assert from "node:assert/strict";
import { basename } from "node:path";
import type { Recorded } from "../../recorder.ts";
import { at } from "../components/at.ts";
import { releasesOf, rendered, type Release, recordedCharts } from "./rendered-charts.ts";

/** DaemonSets of charts that are not rendered here, and where in a release's values their way of being changed stands. */
const known: Readonly<Record<string, readonly string[]>> = {
  // grafana/alloy, operations/helm/charts/alloy/templates/controllers/daemonset.yaml
  alloy: ["controller.updateStrategy"],
  // prometheus-community/helm-charts, charts/prometheus-node-exporter/templates/daemonset.yaml
  "kube-prometheus-stack": ["prometheus-node-exporter.updateStrategy"],
  // Without `lokiCanary` none; the others have none at all.
  ...{ loki: [], "prometheus-operator-crds": [] },
  ...{ "argo-cd": [], "cloudnative-pg": [], "plugin-barman-cloud": [] },
};

/** How many DaemonSets a release brings. */
function daemonSets(release: Release): number {
  const made = rendered(release);
  if (made !== undefined) return made.filter(({ kind }) => kind === "DaemonSet").length;
  const strategies = known[basename(release.chart)];
  assert.ok(strategies, `${release.chart}: say here whether it brings a DaemonSet`);
  return strategies.length;
}

/**
 * Helm and Pulumi wait for a DaemonSet on every node, those of hosts that are down among them: fifteen minutes, and then the run
 * fails. So it is refused before, or its release is not waited for and proven by the program.
 */
describe("a DaemonSet while a host is down", () => {
  let resources: readonly Recorded[];
  before(async function () {
    this.timeout(60_000);
    resources = await recordedCharts();
  });

  const refused = ({ hooks }: Recorded): boolean =>
    hooks.beforeUpdate.some((hook) => hook.endsWith("-nodes-ready"));

  it("of a chart is refused before it is changed, or not waited for", function () {
    this.timeout(60_000);
    const bringing = releasesOf(resources).filter((release) => daemonSets(release) > 0);
    assert.deepEqual(bringing.map(({ name }) => name).sort(), [
      "alloy",
      "cilium",
      "kube-prometheus-stack",
    ]);
    for (const { name, skipAwait = false } of bringing) {
      const resource = resources.find((one) => one.type.endsWith(":Release") && one.name === name);
      assert.ok(resource, name);
      assert.notEqual(refused(resource), skipAwait, name);
    }
  });

  it("of a chart that is not waited for reaches the machines that are there", () => {
    for (const { chart, values, name } of releasesOf(resources))
      for (const path of known[basename(chart)] ?? [])
        assert.deepEqual(
          at(values, path),
          { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "75%" } },
          name,
        );
  });

  it("of the program is refused before it is changed", () => {
    const own = resources.filter(({ type }) => type === "kubernetes:apps/v1:DaemonSet");
    assert.ok(own.length > 0);
    for (const resource of own) assert.ok(refused(resource), resource.name);
  });
});
