/** What the server is told (fleet-telemetry v0.9.4, config/config.go). */
import { ports, recordTypes, type RecordType } from "./names.ts";
import type { KafkaLogin, TelemetryPlan } from "./plan.ts";

/** Folders of the pod: the config with its password, and the certificate. */
export const folders = {
  config: "/etc/fleet-telemetry",
  certificate: "/etc/certs/server",
} as const;

/** Connections come and go by themselves: nobody is told that a record of one was kept, and the server refuses to be asked for it. */
const unacknowledged: readonly RecordType[] = ["connectivity"];

const isAcknowledged = (type: RecordType): boolean => !unacknowledged.includes(type);

/**
 * The server's `config.json`. A vehicle is told that a record has arrived once Kafka has it: the server ends without letting
 * its queue run out. Of signals (V) that were not acknowledged vehicles then send the newest values, from firmware 2025.2.6 or
 * 2024.45.32.20 on and where they were told `delivery_policy` latest (fleet-telemetry, issue 318); alerts and errors they do not
 * send again. `rate_limit` is left out: its interval is never read
 * (`MessageIntervalTimeSecond` is set by nobody), so that it would limit nothing. Metrics are told on the loopback unless
 * the host is named.
 */
export function serverConfig(
  { prefix }: Pick<TelemetryPlan, "prefix">,
  { bootstrap, username, password, protocol, mechanism }: KafkaLogin,
) {
  const to = (types: readonly RecordType[], value: unknown) =>
    Object.fromEntries(types.map((type) => [type, value]));
  return {
    ...{ host: "0.0.0.0", port: ports.vehicles, status_port: ports.status },
    ...{ log_level: "info", json_log_enable: true },
    namespace: prefix,
    records: to(recordTypes, ["kafka"]),
    reliable_ack_sources: to(recordTypes.filter(isAcknowledged), "kafka"),
    // JSON, where Kafka would have protobuf otherwise.
    transmit_decoded_records: true,
    kafka: {
      "bootstrap.servers": bootstrap,
      "security.protocol": protocol,
      "sasl.mechanism": mechanism,
      "sasl.username": username,
      "sasl.password": password,
      "queue.buffering.max.messages": 100_000,
      "compression.type": "gzip",
    },
    monitoring: { prometheus_metrics_port: ports.metrics, prometheus_metrics_host: "0.0.0.0" },
    tls: {
      server_cert: `${folders.certificate}/tls.crt`,
      server_key: `${folders.certificate}/tls.key`,
    },
  };
}

/** The server's files. */
export function serverFiles(
  plan: Pick<TelemetryPlan, "prefix">,
  login: KafkaLogin,
): Readonly<Record<string, string>> {
  return { "config.json": JSON.stringify(serverConfig(plan, login)) };
}
