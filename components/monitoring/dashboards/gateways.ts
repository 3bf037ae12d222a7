import { listeners } from "../rules/gateway.ts";
import { graph, noneIsGood, stat, type Dashboard, type Panel } from "./panels.ts";

/** Gateways and the tunnel: how people from LAN, tailnet and internet are served. */
export function gateways(plan: { readonly gateway: boolean; readonly edge: boolean }): Dashboard {
  return {
    ...{ name: "homelab-gateways", title: "Gateways" },
    panels: [...(plan.gateway ? envoy : []), ...(plan.edge ? tunnel : [])],
  };
}

const routes = 'envoy_cluster_name=~"(http|grpc)route/.+"';

const envoy: readonly Panel[] = [
  stat("Requests", `sum(rate(envoy_http_downstream_rq_total{${listeners}}[5m]))`, {
    unit: "reqps",
  }),
  stat("Connections", `sum(envoy_http_downstream_cx_active{${listeners}})`),
  stat("Refused configurations (1 h)", "sum(increase(xds_nack_total[1h])) or vector(0)", {
    steps: noneIsGood,
  }),
  stat(
    "Objects not applied (1 h)",
    'sum(increase(resource_apply_total{status="failure"}[1h])) or vector(0)',
    { steps: noneIsGood },
  ),
  stat(
    "Routes without a healthy backend",
    `count(max by (envoy_cluster_name) (envoy_cluster_membership_healthy{${routes}}) == 0) or vector(0)`,
    { width: 8, steps: noneIsGood },
  ),
  graph(
    "Answers, by class",
    [
      {
        expression: `sum by (envoy_response_code_class) (rate(envoy_http_downstream_rq_xx{${listeners}}[$__rate_interval]))`,
        legend: "{{envoy_response_code_class}}xx",
      },
    ],
    { unit: "reqps" },
  ),
  graph(
    "95 % of answers within, by route",
    [
      {
        expression: `histogram_quantile(0.95, sum by (envoy_cluster_name, le) (rate(envoy_cluster_upstream_rq_time_bucket{${routes}}[$__rate_interval])))`,
        legend: "{{envoy_cluster_name}}",
      },
    ],
    { unit: "ms" },
  ),
  graph(
    "Errors (5xx), by route",
    [
      {
        expression: `sum by (envoy_cluster_name) (rate(envoy_cluster_upstream_rq_xx{${routes},envoy_response_code_class="5"}[$__rate_interval]))`,
        legend: "{{envoy_cluster_name}}",
      },
    ],
    { unit: "reqps" },
  ),
  graph(
    "Memory of proxies",
    [{ expression: 'envoy_server_memory_allocated{job="envoy"}', legend: "{{pod}}" }],
    { unit: "bytes" },
  ),
];

const tunnel: readonly Panel[] = [
  graph("Connections to Cloudflare", [
    { expression: "sum by (pod) (cloudflared_tunnel_ha_connections)", legend: "{{pod}}" },
  ]),
  graph(
    "Requests from the internet",
    [
      {
        expression: "sum(rate(cloudflared_tunnel_total_requests[$__rate_interval]))",
        legend: "all",
      },
      {
        expression: "sum(rate(cloudflared_tunnel_request_errors[$__rate_interval]))",
        legend: "not answered",
      },
    ],
    { unit: "reqps" },
  ),
];
