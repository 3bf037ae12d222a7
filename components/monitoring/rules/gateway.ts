import { grown, type AlertGroup } from "./alert.ts";

/** Backends of routes, as Envoy Gateway calls their clusters; Cilium's Envoy has others. */
const routes = 'envoy_cluster_name=~"(http|grpc)route/.+"';

/**
 * What listens for people: Envoy Gateway calls it `http-PORT` or `https-PORT` (internal/xds/translator/listener.go,
 * hcmStatPrefix). Envoy's own listeners have other prefixes, and Cilium's Envoy is another job.
 */
export const listeners = 'job="envoy",envoy_http_conn_manager_prefix=~"https?-.+"';

const served = (labels: string, how: "rate" | "increase"): string =>
  `sum by (pod) (${how}(envoy_http_downstream_rq_xx{${listeners}${labels}}[10m]))`;

const failed = ',envoy_response_code_class="5"';

const answers = (labels: string): string =>
  `sum by (envoy_cluster_name) (rate(envoy_cluster_upstream_rq_xx{${labels}}[10m]))`;

const errors = `${routes},envoy_response_code_class="5"`;

const applied = (status: string, within: string): string =>
  `sum by (kind, name) (${grown(`resource_apply_total{status="${status}"}`, within)}) > 0`;

/**
 * Alerts on Envoy Gateway and the proxies that it runs.
 * @see https://gateway.envoyproxy.io/docs/tasks/observability/gateway-exported-metrics/
 * @see https://www.envoyproxy.io/docs/envoy/latest/configuration/upstream/cluster_manager/cluster_stats
 */
export const gatewayAlerts: AlertGroup = {
  name: "gateway",
  alerts: [
    {
      name: "EnvoyRejectsConfig",
      severity: "critical",
      expression: `sum by (typeURL) (${grown("xds_nack_total", "1h")}) > 0`,
      for: "1m",
      summary: "a proxy does not take its configuration",
      description:
        "It refused {{ $labels.typeURL }} within the last hour, and goes on with what it had: new routes and renewed certificates may not be in force.",
    },
    {
      name: "GatewayNotApplied",
      severity: "warning",
      // It tries again only when the gateway changes, so one failure stays until a success follows it.
      expression: `${applied("failure", "1h")} unless on (kind, name) ${applied("success", "15m")}`,
      for: "1m",
      summary: "Envoy Gateway does not get {{ $labels.kind }} {{ $labels.name }} into the cluster",
      description: 'It failed {{ $value | printf "%.0f" }} times within the last hour.',
    },
    {
      name: "GatewayBackendErrors",
      severity: "warning",
      expression:
        `${answers(errors)} / ${answers(routes)} > 0.1 and ` +
        `sum by (envoy_cluster_name) (increase(envoy_cluster_upstream_rq_xx{${errors}}[10m])) > 10`,
      for: "10m",
      summary: "{{ $labels.envoy_cluster_name }} answers with errors",
      description: "{{ $value | humanizePercentage }} of its answers are 5xx.",
    },
    {
      // Where an application has no pod that is ready, the gateway answers 503 itself, and no backend's numbers have it
      // (internal/gatewayapi/route.go).
      name: "GatewayErrors",
      severity: "warning",
      expression: `${served(failed, "rate")} / ${served("", "rate")} > 0.1 and ${served(failed, "increase")} > 10`,
      for: "10m",
      summary: "the gateway's pod {{ $labels.pod }} answers with errors",
      description: "{{ $value | humanizePercentage }} of its answers are 5xx.",
    },
  ],
};
