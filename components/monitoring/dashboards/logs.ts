import { graph, lines, noneIsGood, stat, type Dashboard } from "./panels.ts";

/** Logs: whether they come and are kept, and what machines say of trouble. */
export const logsDashboard: Dashboard = {
  ...{ name: "homelab-logs", title: "Logs" },
  panels: [
    stat("Lines a second", 'sum(rate(loki_write_sent_entries_total{job="alloy"}[5m]))'),
    stat(
      "Lost within an hour",
      'sum(increase(loki_write_dropped_entries_total{job="alloy"}[1h])) or vector(0)',
      { steps: noneIsGood },
    ),
    stat(
      "Not stored within an hour",
      "sum(increase(loki_ingester_chunks_flush_failures_total[1h])) or vector(0)",
      { steps: noneIsGood },
    ),
    stat(
      "Old ones deleted before",
      "time() - max(loki_compactor_apply_retention_last_successful_run_timestamp_seconds > 0)",
      { unit: "dtdurations" },
    ),
    graph(
      "Sent by machine",
      [
        {
          expression:
            'sum by (pod) (rate(loki_write_sent_bytes_total{job="alloy"}[$__rate_interval]))',
          legend: "{{pod}}",
        },
      ],
      { unit: "Bps" },
    ),
    graph(
      "Lines by namespace",
      [
        {
          expression: 'topk(10, sum by (namespace) (count_over_time({job="pods"}[$__auto])))',
          legend: "{{namespace}}",
        },
      ],
      { source: "loki" },
    ),
    lines("The kernel, errors", '{job="kernel",level=~"emerg|alert|crit|error"}'),
    lines("RKE2, but what is usual", '{job="journal",unit=~"rke2-.+"} !~ "level=(info|debug)"'),
    lines("Programs, errors", '{job="pods"} | detected_level=~"error|critical|fatal"'),
  ],
};
