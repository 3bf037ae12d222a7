/** What Telegraf is told, which reads records for Prometheus (influxdata/telegraf v1.39.3; its samples of the plugins). */
import { scriptText } from "../remote/shell.ts";
import { kafkaUsers, ports, topicOf, type RecordType } from "./names.ts";
import type { KafkaLogin, TelemetryPlan } from "./plan.ts";

/** Folder of the pod with both files. */
export const readerFolder = "/etc/telegraf";

/** Sorts of records that are read: signals, and whether vehicles are connected. */
const read: readonly RecordType[] = ["V", "connectivity"];

/** Topics that are read. */
export const readTopics = (prefix: string): readonly string[] =>
  read.map((type) => topicOf(prefix, type));

/** A text as TOML has it in quotes: JSON's escapes are among TOML's (https://toml.io/en/v1.0.0#string). */
const text = (value: string): string => JSON.stringify(value);
const list = (values: readonly string[]): string => `[${values.map(text).join(", ")}]`;

/**
 * The reader's files. It begins with what comes next, and never with what was there before: what it counts is a rate. Kafka 4
 * no longer speaks the protocol of 0.10, which is the plugin's own choice. What has been told stays told: a vehicle that sleeps
 * sends nothing for days, and a counter that went away would begin anew.
 */
export function readerFiles(
  { prefix, vehicles }: Pick<TelemetryPlan, "prefix" | "vehicles">,
  { bootstrap, username, password, mechanism }: KafkaLogin,
): Readonly<Record<string, string>> {
  const config = `[agent]
  omit_hostname = true
  flush_interval = "5s"

[[inputs.kafka_consumer]]
  brokers = ${list([bootstrap])}
  kafka_version = "3.6.0"
  topics = ${list(readTopics(prefix))}
  consumer_group = ${text(kafkaUsers.reads)}
  offset = "newest"
  sasl_mechanism = ${text(mechanism)}
  sasl_username = ${text(username)}
  sasl_password = ${text(password)}
  data_format = "value"
  data_type = "string"

[[processors.starlark]]
  script = "${readerFolder}/signals.star"
  [processors.starlark.constants.vehicles]
${Object.entries(vehicles)
  .map(([name, vin]) => `    ${text(vin)} = ${text(name)}`)
  .join("\n")}

[[outputs.prometheus_client]]
  listen = ":${ports.reader}"
  metric_version = 2
  expiration_interval = "0s"
  string_as_label = false
  [outputs.prometheus_client.metric_types]
    counter = ["tesla_signals_total"]
    gauge = ["tesla_signal", "tesla_connected", "tesla_*_timestamp_seconds"]
`;
  return {
    "telegraf.conf": config,
    "signals.star": scriptText(import.meta.url, "signals.star"),
  };
}
