import { grown, type AlertGroup } from "./alert.ts";

const sent = 'loki_write_sent_entries_total{job="alloy"}';
const dropped = 'loki_write_dropped_entries_total{job="alloy"}';

/**
 * Alerts on Alloy and Loki themselves. What lines say is told of by Loki (components/logs/rules.ts).
 * @see https://grafana.com/docs/alloy/latest/reference/components/loki/loki.write/#debug-metrics
 * @see https://grafana.com/docs/loki/latest/operations/observability/
 */
export const logsAlerts: AlertGroup = {
  name: "logs",
  alerts: [
    {
      name: "LogsNotSent",
      severity: "warning",
      // A pod that has read nothing yet has no such counter (internal/component/common/loki/client/shards.go, initBatchMetrics).
      expression:
        `sum by (pod) (rate(${sent}[15m])) == 0 or ` +
        `max by (pod) (up{job="alloy"} == 1) unless on (pod) ${sent}`,
      for: "15m",
      summary: "{{ $labels.pod }} sends no lines to Loki",
      description: "Nothing is lost yet: what is not read waits on its machine.",
    },
    {
      name: "LogsDropped",
      severity: "warning",
      expression: `sum by (pod, reason) (${grown(dropped, "1h")}) > 0`,
      for: "5m",
      summary: "Loki refuses lines of {{ $labels.pod }}: {{ $labels.reason }}",
      description: '{{ $value | printf "%.0f" }} of them are lost, within the last hour.',
    },
    {
      name: "LokiNotStoring",
      severity: "critical",
      // It tries each chunk again and again, so what is over succeeds and grows no more.
      expression: "sum(increase(loki_ingester_chunks_flush_failures_total[15m])) > 0",
      for: "15m",
      summary: "Loki cannot put lines into its bucket",
      description:
        "It keeps them in its volume meanwhile. When that is full, and machines delete what they hold for it, lines are lost.",
    },
    {
      name: "LokiNotDeleting",
      severity: "warning",
      expression:
        "time() - max(loki_compactor_apply_retention_last_successful_run_timestamp_seconds) > 86400",
      for: "1h",
      summary: "Loki has deleted no old lines for a day",
      description: "Its bucket fills, until nothing new finds room.",
    },
    {
      name: "LogRulesFail",
      severity: "warning",
      expression: "sum(increase(loki_prometheus_rule_evaluation_failures_total[15m])) > 0",
      for: "15m",
      summary: "Loki cannot evaluate rules on lines",
      description: "Alerts on what the kernel, RKE2 and programs say may not come.",
    },
  ],
};
