import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { parseAllDocuments } from "yaml";
import { podMonitor, type MonitorPlan } from "../../../components/monitoring/monitors.ts";
import { siteMonitors } from "../../../stacks/parts/monitoring/monitors.ts";
import type { Recorded } from "../../recorder.ts";
import { recordedHome } from "../components/home-recording.ts";
import { closed, violations, type Schema } from "../components/json-schema.ts";
import { homeConfig } from "./sample.ts";

interface Pods {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Names of their containers' ports. */
  readonly ports: readonly string[];
}

interface Workload {
  readonly kind: string;
  readonly metadata: { readonly namespace?: string };
  readonly spec: {
    readonly template: {
      readonly metadata?: { readonly labels?: Readonly<Record<string, string>> };
      readonly spec: { readonly containers: readonly Container[] };
    };
  };
}

interface Container {
  readonly ports?: readonly { readonly name?: string }[];
}

interface Release {
  readonly name: string;
  readonly namespace: string;
  readonly chart: string;
  readonly version: string;
  readonly values?: unknown;
}

const workloads = ["Deployment", "DaemonSet", "StatefulSet"];

function podsOf({ metadata, spec: { template } }: Workload, namespace: string): Pods {
  return {
    namespace: metadata.namespace ?? namespace,
    labels: template.metadata?.labels ?? {},
    ports: template.spec.containers.flatMap(({ ports = [] }) =>
      ports.flatMap(({ name }) => name ?? []),
    ),
  };
}

/** Pods of a chart, as Helm renders the lab's, or the real one where HOMELAB_CHARTS has it. */
function rendered({ name, namespace, chart, version, values }: Release): readonly Pods[] {
  const file = basename(chart);
  const packaged = `${process.env["HOMELAB_CHARTS"] ?? ""}/${file}-${version}.tgz`;
  const own = new URL(`../../../lab/charts/${file}`, import.meta.url).pathname;
  const path = existsSync(packaged) ? packaged : own;
  // The lab plays neither Prometheus nor its kinds.
  if (!existsSync(path)) return [];
  const text = execFileSync("helm", ["template", name, path, "-n", namespace, "-f", "-"], {
    input: JSON.stringify(values ?? {}),
    encoding: "utf8",
    maxBuffer: 64 << 20,
  });
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Workload | null)
    .flatMap((object) =>
      object !== null && workloads.includes(object.kind) ? podsOf(object, namespace) : [],
    );
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

describe("who tells of itself to Prometheus", () => {
  const monitoring = { grafanaPassword: "op://Homelab/Grafana/password" };
  let resources: readonly Recorded[];
  before(async function () {
    this.timeout(60_000);
    // Rook makes its own, which the lab's does not.
    ({ resources } = await recordedHome({ monitoring, "storage.monitoring": false }));
  });

  const names = (plans: readonly MonitorPlan[]) => plans.map(({ name }) => name);

  it("are PodMonitors that the API server takes as they are", () => {
    const file = new URL("../components/schemas/podmonitor.json", import.meta.url);
    const schema = closed(JSON.parse(readFileSync(file, "utf8")) as Schema);
    for (const plan of siteMonitors(homeConfig({ monitoring })))
      assert.deepEqual(violations(schema, podMonitor(plan)), [], plan.name);
  });

  it("each has pods with its labels and port, in charts and in the program", function () {
    this.timeout(60_000);
    const releases = resources
      .filter(({ type }) => type === "kubernetes:helm.sh/v3:Release")
      .map(({ plain }) => plain as unknown as Release);
    const programs = resources
      .filter(({ type }) => /^kubernetes:apps\/v1:/.test(type))
      .map(({ plain }) => podsOf(plain as unknown as Workload, ""));
    const pods = [...releases.flatMap(rendered), ...programs, proxies];
    const plans = siteMonitors(homeConfig({ monitoring }));
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
    const plans = siteMonitors(homeConfig({ monitoring }));
    assert.deepEqual(
      made.map(({ name }) => name).sort(),
      names(plans)
        .map((name) => `monitor-${name}`)
        .sort(),
    );
    const bare = { monitoring, gateway: { enabled: false }, certificates: { enabled: false } };
    const left = names(siteMonitors(homeConfig(bare)));
    assert.ok(
      !left.some((name) => /envoy-gateway|^envoy$|cert-manager|trust/.test(name)),
      left.join(),
    );
  });

  it("have Cilium's agents open their port only where somebody asks", async () => {
    const values = (all: readonly Recorded[]) =>
      all.find(({ name }) => name === "cilium")?.plain["values"] as Record<string, unknown>;
    assert.deepEqual(values(resources)["prometheus"], { enabled: true });
    assert.equal(values((await recordedHome()).resources)["prometheus"], undefined);
  });
});
