import { named, type AlertGroup } from "./alert.ts";

/** A Kafka cluster that tells of itself. */
export interface KafkaWatch {
  readonly cluster: string;
  /** Job of its nodes' metrics. */
  readonly job: string;
  /** Controllers and brokers together. */
  readonly nodes: number;
}

/**
 * Alerts on Kafka. Metrics are those of Strimzi's reporter (strimzi 1.2.0, packaging/examples/metrics/strimzi-metrics-reporter).
 * Volumes that fill are told of by the chart's own rules.
 */
export function kafkaAlerts(clusters: readonly KafkaWatch[]): AlertGroup {
  const each = (expression: (watch: KafkaWatch) => string) =>
    clusters.map((watch) => named("cluster", watch.cluster, expression(watch))).join(" or ");
  return {
    name: "kafka",
    alerts: [
      {
        name: "KafkaNodeMissing",
        severity: "warning",
        expression: each(({ job, nodes }) => `(sum(up{job="${job}"}) or vector(0)) < ${nodes}`),
        for: "15m",
        summary: "the Kafka cluster {{ $labels.cluster }} has {{ $value }} nodes that answer",
        description: "The next host that is lost stops what needs two copies.",
      },
      {
        name: "KafkaPartitionsOffline",
        severity: "critical",
        expression: each(
          ({ job }) =>
            `((max(kafka_controller_kafkacontroller_offlinepartitionscount{job="${job}"}) > 0) or ` +
            `((sum(kafka_controller_kafkacontroller_activecontrollercount{job="${job}"}) or vector(0)) < 1))`,
        ),
        for: "5m",
        summary: "partitions of the Kafka cluster {{ $labels.cluster }} have no leader",
        description: "What is in them is neither read nor written, or no controller leads at all.",
      },
      {
        name: "KafkaCopiesMissing",
        severity: "warning",
        expression: each(
          ({ job }) =>
            `sum(kafka_server_replicamanager_underreplicatedpartitions{job="${job}"}) > 0`,
        ),
        for: "30m",
        summary: "{{ $value }} partitions of the Kafka cluster {{ $labels.cluster }} lack copies",
        description: "Where fewer than two are left, writes are refused.",
      },
    ],
  };
}
