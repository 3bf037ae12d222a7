import { monitoringNamespace } from "../names.ts";
import type { WatchPlan } from "../rules/rules.ts";
import { certificatesDashboard } from "./certificates.ts";
import { cluster, nodes } from "./cluster.ts";
import { gateways } from "./gateways.ts";
import { logsDashboard } from "./logs.ts";
import { network } from "./network.ts";
import { outsideDashboard } from "./outside.ts";
import { overview } from "./overview.ts";
import { dashboardJson, type Dashboard } from "./panels.ts";
import { postgresDashboard } from "./postgres.ts";
import { ceph } from "./storage.ts";
import { teslaDashboard } from "./tesla.ts";

/** Dashboards of the parts that a site has; the overview first. */
export function dashboards(plan: WatchPlan): readonly Dashboard[] {
  const { certificates, gateway, edge, logs, storage, postgres, tesla, outside } = plan;
  return [
    overview(plan),
    cluster,
    nodes,
    network(plan),
    ...(storage === undefined ? [] : [ceph]),
    ...(postgres.length === 0 ? [] : [postgresDashboard(postgres)]),
    ...(tesla === undefined ? [] : [teslaDashboard(tesla)]),
    ...(gateway || edge ? [gateways(plan)] : []),
    ...(certificates ? [certificatesDashboard] : []),
    ...(logs ? [logsDashboard] : []),
    ...(outside.length === 0 ? [] : [outsideDashboard(outside)]),
  ];
}

/** The ConfigMap by which Grafana's sidecar finds a dashboard: a file of its name, by the label that the chart looks for. */
export function dashboardMap(dashboard: Dashboard) {
  const { name } = dashboard;
  return {
    metadata: {
      name,
      namespace: monitoringNamespace.name,
      labels: { grafana_dashboard: "1" },
    },
    data: { [`${name}.json`]: JSON.stringify(dashboardJson(dashboard)) },
  };
}
