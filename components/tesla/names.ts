/** How what belongs to Tesla's telemetry is called in the cluster: by objects, policies and commands alike. */
import type { NamespacePlan } from "../workload/namespace.ts";

/** Namespace of the server, of what reads its records for Prometheus, and of a push while it runs. */
export const teslaNamespace = { name: "tesla" } as const satisfies NamespacePlan;

/** The server that vehicles stream to, what counts its records, and the Job that tells vehicles what to stream. */
export const server = "fleet-telemetry";
export const reader = "tesla-metrics";
export const pushJob = "tesla-push";

/** Where their pods listen; below 1024 none may. `proxy` is the vehicle-command proxy's, on its pod's own loopback alone. */
export const ports = {
  vehicles: 8443,
  status: 8080,
  metrics: 9090,
  reader: 9273,
  proxy: 4443,
} as const;

/** Certificates and their Secrets: the server's own, by which vehicles know it, and that of the proxy of a push. */
export const serverCertificate = { name: server, secret: `${server}-tls` } as const;
export const proxyCertificate = { name: "vehicle-command", secret: "vehicle-command-tls" } as const;

/** ConfigMap in which a push leaves what it has told the vehicles. */
export const pushedMap = { name: "tesla-pushed", key: "pushed.json" } as const;

/** Where Tesla, and every vehicle's phone, looks for an application's public key. */
export const publicKeyPath = "/.well-known/appspecific/com.tesla.3p.public-key.pem";

/** Route, and filter with its answer, that show the key. */
export const publicKeyRoute = "public-key";

/**
 * Sorts of records that the server knows to pass on (fleet-telemetry v0.9.4, telemetry/record.go, `applyProtoRecordTransforms`).
 * The first are the vehicle's signals.
 */
export const recordTypes = ["V", "alerts", "errors", "connectivity"] as const;
export type RecordType = (typeof recordTypes)[number];

/** Topic of a sort of records: prefix and sort with an underscore between (telemetry/producer.go, `BuildTopicName`). */
export const topicOf = (prefix: string, type: RecordType): string => `${prefix}_${type}`;

/** Users of Kafka: who writes the records, and who reads them for Prometheus. Groups of consumers begin with the latter. */
export const kafkaUsers = { writes: "tesla", reads: "tesla-metrics" } as const;
