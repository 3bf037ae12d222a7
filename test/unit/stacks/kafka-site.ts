import type { Changes } from "./sample.ts";

/** Home's changes by which it has storage and a Kafka cluster that differs. */
export function kafkaSite(changes: object = {}, clusters: object = {}): Changes {
  const main = {
    topics: { vehicle_V: { keepHours: 48 }, vehicle_alerts: {} },
    users: {
      telemetry: { writes: ["vehicle_*"], password: "op://Homelab/Kafka/telemetry" },
      exporter: { reads: ["vehicle_V"], namespaces: ["household"] },
    },
  };
  return {
    "storage.enabled": true,
    kafka: { clusters: { main: { ...main, ...changes }, ...clusters } },
  };
}

/** The way of clients outside by a listener of the gateway of the LAN. */
export const listeners: Changes = {
  "gateway.lan.listeners": [{ name: "kafka", port: 9094, protocol: "tls" }],
};
export const outside = { hostname: "kafka.home.arpa", listener: "kafka" };
