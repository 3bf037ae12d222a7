import { expiryDays } from "../../certificates/expiry.ts";
import { graph, noneIsGood, stat, table, type Dashboard } from "./panels.ts";

const known = "max by (exported_namespace, name)";

/** Certificates: when each ends, and what keeps it from being renewed. */
export const certificatesDashboard: Dashboard = {
  ...{ name: "homelab-certificates", title: "Certificates" },
  panels: [
    stat(
      "First ends in",
      "min(certmanager_certificate_expiration_timestamp_seconds > 0) - time()",
      {
        unit: "dtdurations",
        steps: [
          { color: "red" },
          { color: "yellow", from: expiryDays.critical * 86_400 },
          { color: "green", from: expiryDays.warning * 86_400 },
        ],
      },
    ),
    stat(
      "Not ready",
      `count(${known} (certmanager_certificate_ready_status{condition!="True"}) == 1) or vector(0)`,
      { steps: noneIsGood },
    ),
    stat(
      "Issuers not ready",
      'count(max by (name) (certmanager_clusterissuer_ready_status{condition!="True"}) == 1) or vector(0)',
      { steps: noneIsGood },
    ),
    table(
      "Ends in",
      `sort(${known} (certmanager_certificate_expiration_timestamp_seconds > 0) - time())`,
      { unit: "dtdurations" },
    ),
    table(
      "Is renewed in",
      `sort(${known} (certmanager_certificate_renewal_timestamp_seconds > 0) - time())`,
      { unit: "dtdurations", width: 12 },
    ),
    graph("Answers of Let's Encrypt", [
      {
        expression:
          "sum by (host, status) (increase(certmanager_http_acme_client_request_count[1h]))",
        legend: "{{host}} {{status}}",
      },
    ]),
  ],
};
