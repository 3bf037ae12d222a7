import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { podMonitor, type MonitorPlan } from "../../../components/monitoring/monitors.ts";
import { siteMonitors } from "../../../stacks/parts/monitoring/monitors.ts";
import type { Recorded } from "../../recorder.ts";
import { recordedHome } from "../components/home-recording.ts";
import { closed, violations, type Schema } from "../components/json-schema.ts";
import { releasesOf, rendered, type Workload, recordedCharts } from "./rendered-charts.ts";
import { homeConfig } from "./sample.ts";

interface Pods {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Names of their containers' ports. */
  readonly ports: readonly string[];
}

function podsOf({ metadata, spec: { template } }: Workload, namespace: string): Pods {
  return {
    namespace: metadata.namespace ?? namespace,
    labels: template.metadata?.labels ?? {},
    ports: template.spec.containers.flatMap(({ ports = [] }) =>
      ports.flatMap(({ name }) => name ?? []),
    ),
  };
}

/** What Envoy Gateway 1.9.1 makes of a Gateway (internal/infrastructure/kubernetes/proxy/resource.go). */
const proxies: Pods = {
  namespace: "envoy-gateway-system",
  labels: {
    "app.kubernetes.io/component": "proxy",
    "app.kubernetes.io/managed-by": "envoy-gateway",
  },
  ports: ["metrics", "readiness"],
};

/** What the charts make of a site's values (templates single-binary/statefulset.yaml of loki 18.11.0, controllers of alloy 1.11.1). */
const logs: readonly Pods[] = ["loki", "alloy"].map((name) => ({
  namespace: name,
  labels: { "app.kubernetes.io/name": name, "app.kubernetes.io/instance": name },
  ports: ["http-metrics"],
}));

describe("who tells of itself to Prometheus", () => {
  const asked = {
    monitoring: { grafanaPassword: "op://Homelab/Grafana/password" },
    logs: {},
  };
  let resources: readonly Recorded[];
  before(async function () {
    this.timeout(60_000);
    resources = await recordedCharts();
  });

  const names = (plans: readonly MonitorPlan[]) => plans.map(({ name }) => name);

  it("are PodMonitors that the API server takes as they are", () => {
    const file = new URL("../components/schemas/podmonitor.json", import.meta.url);
    const schema = closed(JSON.parse(readFileSync(file, "utf8")) as Schema);
    for (const plan of siteMonitors(homeConfig(asked)))
      assert.deepEqual(violations(schema, podMonitor(plan)), [], plan.name);
  });

  it("each has pods with its labels and port, in charts and in the program", function () {
    this.timeout(60_000);
    const charts = releasesOf(resources).flatMap((release) =>
      (rendered(release) ?? []).map((workload) => podsOf(workload, release.namespace)),
    );
    const programs = resources
      .filter(({ type }) => /^kubernetes:apps\/v1:/.test(type))
      .map(({ plain }) => podsOf(plain as unknown as Workload, ""));
    const pods = [...charts, ...programs, proxies, ...logs];
    const plans = siteMonitors(homeConfig(asked));
    const without = plans.filter(
      ({ namespace, labels, port }) =>
        !pods.some(
          (one) =>
            one.namespace === namespace &&
            one.ports.includes(port) &&
            Object.entries(labels).every(([key, value]) => one.labels[key] === value),
        ),
    );
    assert.deepEqual(names(without), []);
    assert.ok(plans.length > 10, names(plans).join(", "));
  });

  it("are asked by the parts that the site has, after the kinds of monitors are there", () => {
    const made = resources.filter(({ type }) =>
      type.endsWith("monitoring.coreos.com/v1:PodMonitor"),
    );
    const plans = siteMonitors(homeConfig(asked));
    assert.deepEqual(
      made.map(({ name }) => name).sort(),
      names(plans)
        .map((name) => `monitor-${name}`)
        .sort(),
    );
    const { monitoring } = asked;
    const bare = { monitoring, gateway: { enabled: false }, certificates: { enabled: false } };
    const left = names(siteMonitors(homeConfig(bare)));
    assert.ok(
      !left.some((name) => /envoy-gateway|^envoy$|cert-manager|trust|loki|alloy/.test(name)),
      left.join(),
    );
  });

  it("have Cilium's agents open their port only where somebody asks", async () => {
    const values = (all: readonly Recorded[]) =>
      all.find(({ name }) => name === "cilium")?.plain["values"] as Record<string, unknown>;
    assert.deepEqual(values(resources)["prometheus"], { enabled: true });
    const { resources: without } = await recordedHome({ monitoring: undefined });
    assert.equal(values(without)["prometheus"], undefined);
  });
});
