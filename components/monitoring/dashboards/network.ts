import { graph, noneIsGood, stat, table, type Dashboard } from "./panels.ts";

/** Cilium and Hubble: who reaches whom, and what is dropped. */
export function network({ bgp }: { readonly bgp: boolean }): Dashboard {
  return {
    ...{ name: "homelab-network", title: "Network: Cilium and Hubble" },
    panels: [
      stat(
        "Machines not reached",
        "max(cilium_unreachable_nodes > 0 or cilium_unreachable_health_endpoints > 0) or vector(0)",
        { steps: noneIsGood },
      ),
      stat("Pods with a network", 'sum(cilium_endpoint_state{endpoint_state="ready"})'),
      stat("Pods without", 'sum(cilium_endpoint_state{endpoint_state!="ready"})', {
        steps: [{ color: "green" }, { color: "yellow", from: 1 }],
      }),
      stat("Failing tasks", "sum(cilium_controllers_failing)", { steps: noneIsGood }),
      stat("Fullest table", "max(cilium_bpf_map_pressure)", {
        unit: "percentunit",
        steps: [{ color: "green" }, { color: "yellow", from: 0.8 }, { color: "red", from: 0.9 }],
      }),
      stat("Policies", "max(cilium_policy)"),
      graph(
        "Packets dropped, by reason",
        [
          {
            expression: "sum by (reason) (rate(cilium_drop_count_total[$__rate_interval]))",
            legend: "{{reason}}",
          },
        ],
        { unit: "pps" },
      ),
      graph(
        "Packets passed",
        [
          {
            expression: "sum by (direction) (rate(cilium_forward_count_total[$__rate_interval]))",
            legend: "{{direction}}",
          },
        ],
        { unit: "pps" },
      ),
      graph(
        "Flows, by verdict",
        [
          {
            expression: "sum by (verdict) (rate(hubble_flows_processed_total[$__rate_interval]))",
            legend: "{{verdict}}",
          },
        ],
        { unit: "cps" },
      ),
      graph(
        "Answers of DNS",
        [
          {
            expression: "sum by (rcode) (rate(hubble_dns_responses_total[$__rate_interval]))",
            legend: "{{rcode}}",
          },
        ],
        { unit: "reqps" },
      ),
      ...(bgp
        ? [
            graph("Routes told to routers", [
              {
                expression:
                  "sum by (instance, neighbor) (cilium_bgp_control_plane_advertised_routes)",
                legend: "{{instance}} to {{neighbor}}",
              },
            ]),
            table("BGP sessions", "cilium_bgp_control_plane_session_state", {
              width: 12,
              words: { 0: "down", 1: "up" },
            }),
          ]
        : []),
    ],
  };
}
