import type { AlertGroup } from "./alert.ts";

/**
 * Alerts on cloudflared. Each of its pods keeps four connections to Cloudflare.
 * @see https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/monitor-tunnels/metrics/
 */
export const edgeAlerts: AlertGroup = {
  name: "edge",
  alerts: [
    {
      name: "TunnelDown",
      severity: "critical",
      expression: "sum(cloudflared_tunnel_ha_connections) == 0",
      for: "5m",
      summary: "no name of the site is reached from the internet",
      description: "cloudflared runs, and none of its pods has a connection to Cloudflare.",
    },
    {
      name: "TunnelThin",
      severity: "warning",
      expression: "min by (pod) (cloudflared_tunnel_ha_connections) < 2",
      for: "30m",
      summary: "{{ $labels.pod }} has {{ $value }} of four connections to Cloudflare",
      description:
        "When the last goes, what comes through this pod from the internet goes with it.",
    },
    {
      name: "TunnelErrors",
      severity: "warning",
      // Visitors who leave before the end are counted as errors too.
      expression:
        "sum(rate(cloudflared_tunnel_request_errors[10m])) / sum(rate(cloudflared_tunnel_total_requests[10m])) > 0.5 and " +
        "sum(increase(cloudflared_tunnel_request_errors[10m])) > 10",
      for: "10m",
      summary: "what is published does not answer the tunnel",
      description:
        "{{ $value | humanizePercentage }} of the requests from the internet ended without a whole answer: nothing reached, or visitors left.",
    },
  ],
};
