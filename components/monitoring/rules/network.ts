import type { Alert, AlertGroup } from "./alert.ts";

/**
 * Reasons for which the network itself loses packets, rather than a policy or a stranger's packet (Cilium 1.19,
 * pkg/monitor/api/drop.go).
 */
const faults = [
  "CT: Map insertion failed",
  "Error writing to packet",
  "Fragmentation needed",
  "Host datapath not ready",
  "Missed tail call",
  "No mapping for NAT masquerade",
  "No node ID found",
];

const allReady = 'count(kube_node_status_condition{condition="Ready",status="true"} == 0) > 0';

/** Alerts on Cilium's metrics (https://docs.cilium.io/en/v1.19/observability/metrics/). */
export function networkAlerts({ bgp }: { readonly bgp: boolean }): AlertGroup {
  return { name: "network", alerts: [...cilium, ...(bgp ? sessions : []), addresses] };
}

const cilium: readonly Alert[] = [
  {
    name: "CiliumNodeUnreachable",
    severity: "critical",
    // The first counts machines alone, the second what is in their pods' network. A machine that is off is told of by
    // KubeNodeNotReady.
    expression:
      "(max by (instance) (cilium_unreachable_nodes) > 0 or max by (instance) (cilium_unreachable_health_endpoints) > 0) " +
      `unless on () ${allReady}`,
    for: "10m",
    summary: "pods at {{ $labels.instance }} do not reach all machines",
    description:
      "Its Cilium does not reach {{ $value }} of the machines, though Kubernetes takes all of them for ready.",
  },
  {
    name: "CiliumEndpointsNotReady",
    severity: "warning",
    expression:
      'sum by (instance) (cilium_endpoint_state{endpoint_state=~"invalid|not-ready|restoring|waiting-for-identity"}) > 0',
    for: "15m",
    summary: "pods at {{ $labels.instance }} have no network",
    description: "{{ $value }} pods wait for Cilium to let their packets through.",
  },
  {
    name: "CiliumControllersFailing",
    severity: "warning",
    expression: "min by (instance) (min_over_time(cilium_controllers_failing[15m])) > 0",
    for: "15m",
    summary: "Cilium at {{ $labels.instance }} does not get on with its work",
    description: "{{ $value }} of its tasks have failed again and again for half an hour.",
  },
  {
    name: "CiliumMapNearlyFull",
    severity: "warning",
    expression: "max by (instance, map_name) (cilium_bpf_map_pressure) > 0.9",
    for: "15m",
    summary: "Cilium's map {{ $labels.map_name }} at {{ $labels.instance }} is nearly full",
    description:
      "{{ $value | humanizePercentage }} of it are taken. Once it is full, the oldest connections are pushed out, or what is new finds no room.",
  },
  {
    name: "CiliumDropsPackets",
    severity: "warning",
    expression: `sum by (instance, reason) (rate(cilium_drop_count_total{reason=~"${faults.join("|")}"}[5m])) > 0.1`,
    for: "15m",
    summary: "Cilium at {{ $labels.instance }} loses packets: {{ $labels.reason }}",
    description: 'It drops {{ $value | printf "%.1f" }} packets a second, and no policy is why.',
  },
];

const sessions: readonly Alert[] = [
  {
    name: "BgpSessionDown",
    severity: "warning",
    expression: "min by (instance, neighbor) (cilium_bgp_control_plane_session_state) == 0",
    for: "10m",
    summary: "{{ $labels.instance }} has no BGP session with {{ $labels.neighbor }}",
    description: "The router sends this machine nothing. Others take it over.",
  },
  {
    name: "BgpDown",
    severity: "critical",
    expression: "max(cilium_bgp_control_plane_session_state) == 0",
    for: "5m",
    summary: "no machine has a BGP session",
    description: "No router knows the way to pods and load balancers: none is reached on the LAN.",
  },
];

const addresses: Alert = {
  name: "LoadBalancerWithoutAddress",
  severity: "warning",
  expression: "max(cilium_operator_lbipam_services_unsatisfied) > 0",
  for: "10m",
  summary: "{{ $value }} Services have not got the addresses that they ask for",
  description: "The pool has no such address left, or the address is another's already.",
};
