import { overviewName } from "../names.ts";
import { listeners } from "../rules/gateway.ts";
import { unanswered } from "../rules/names.ts";
import type { WatchPlan } from "../rules/rules.ts";
import { graph, noneIsGood, stat, table, type Dashboard, type Panel } from "./panels.ts";

/** Busy part of a machine's processors, and of its memory. */
export const busy = {
  expression:
    '1 - avg by (instance) (rate(node_cpu_seconds_total{job="node-exporter",mode="idle"}[$__rate_interval]))',
  legend: "{{instance}}",
};
export const memory = {
  expression:
    '1 - node_memory_MemAvailable_bytes{job="node-exporter"} / node_memory_MemTotal_bytes{job="node-exporter"}',
  legend: "{{instance}}",
};

/** What a person opens first: is anything wrong, and where. */
export function overview(plan: WatchPlan): Dashboard {
  return {
    ...{ name: overviewName, title: "Overview" },
    panels: [
      ...numbers(plan),
      table("Alerts", 'ALERTS{alertstate="firing",severity=~"critical|warning"}', { height: 8 }),
      graph("Processors", [busy], { unit: "percentunit", max: 1 }),
      graph("Memory", [memory], { unit: "percentunit", max: 1 }),
    ],
  };
}

function numbers({
  bgp,
  certificates,
  edge,
  gateway,
  names,
  storage,
}: WatchPlan): readonly Panel[] {
  return [
    stat("Critical", 'count(ALERTS{alertstate="firing",severity="critical"}) or vector(0)', {
      steps: noneIsGood,
    }),
    stat("Warnings", 'count(ALERTS{alertstate="firing",severity="warning"}) or vector(0)', {
      steps: [{ color: "green" }, { color: "yellow", from: 1 }],
    }),
    stat(
      "Machines not ready",
      'sum(kube_node_status_condition{condition="Ready",status=~"false|unknown"})',
      { steps: noneIsGood },
    ),
    stat("Pods not running", 'sum(kube_pod_status_phase{phase=~"Failed|Pending|Unknown"})', {
      steps: [{ color: "green" }, { color: "yellow", from: 1 }],
    }),
    stat("Not scraped", "count(up == 0) or vector(0)", { steps: noneIsGood }),
    ...(storage === undefined
      ? []
      : [
          stat("Ceph", "max(ceph_health_status)", {
            steps: [{ color: "green" }, { color: "yellow", from: 1 }, { color: "red", from: 2 }],
            words: { 0: "OK", 1: "WARN", 2: "ERR" },
          }),
        ]),
    ...(bgp
      ? [
          stat("BGP sessions", "sum(cilium_bgp_control_plane_session_state)", {
            steps: [{ color: "red" }, { color: "green", from: 1 }],
          }),
        ]
      : []),
    ...(edge
      ? [
          stat("Tunnel connections", "sum(cloudflared_tunnel_ha_connections)", {
            steps: [{ color: "red" }, { color: "yellow", from: 1 }, { color: "green", from: 4 }],
          }),
        ]
      : []),
    ...(names
      ? [
          stat("Names without an answer", `count(${unanswered}) or vector(0)`, {
            steps: noneIsGood,
          }),
        ]
      : []),
    ...(certificates
      ? [
          stat(
            "First certificate ends in",
            "min(certmanager_certificate_expiration_timestamp_seconds > 0) - time()",
            {
              unit: "dtdurations",
              steps: [{ color: "red" }, { color: "green", from: 7 * 86_400 }],
            },
          ),
        ]
      : []),
    ...(gateway
      ? [
          stat(
            "Errors at gateways",
            `sum(rate(envoy_http_downstream_rq_xx{${listeners},envoy_response_code_class="5"}[5m])) or vector(0)`,
            { unit: "reqps", steps: [{ color: "green" }, { color: "yellow", from: 0.1 }] },
          ),
        ]
      : []),
  ];
}
