/** How what belongs to Redis is called in the cluster: by charts, objects, policies and the proof alike. */
import type { NamespacePlan } from "../workload/namespace.ts";

/** Namespace of Dragonfly's operator, whose pods keep to `restricted` once their chart is told so. */
export const operatorNamespace = { name: "dragonfly-system" } as const satisfies NamespacePlan;

/** Namespace of the instances; their pods keep to `restricted` by what the program asks of them. */
export const redisNamespace = { name: "redis" } as const satisfies NamespacePlan;

/** The operator's chart (dragonfly-operator v1.6.1, charts/dragonfly-operator). */
export const dragonflyChart =
  "oci://ghcr.io/dragonflydb/dragonfly-operator/helm/dragonfly-operator";

/** Labels of the operator's pods, as the chart gives them. */
export const operatorLabels = { "app.kubernetes.io/name": "dragonfly-operator" } as const;

/** Labels of an instance's pods (dragonfly-operator v1.6.1, internal/resources/resources.go). */
export function instanceLabels(name: string): Readonly<Record<string, string>> {
  return { app: name, "app.kubernetes.io/name": "dragonfly" };
}

/**
 * Where things listen. The administration's port asks for no password: the operator speaks there, pods copy from each other
 * there, and it tells metrics (dragonfly-operator v1.6.1, internal/resources/const.go).
 */
export const ports = { redis: 6379, admin: 9999 } as const;

/** Secret with an instance's password. */
export function passwordSecret(name: string): string {
  return `${name}.password`;
}
export const passwordKey = "password";

/** Secret with the key of a store outside. */
export function storeSecret(name: string): string {
  return `${name}.store`;
}

/** Name of an instance's bucket, of its claim and of the Secret that Rook makes for it. */
export function bucketName(name: string): string {
  return `redis-${name}`;
}
