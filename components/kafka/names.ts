/** How what belongs to Kafka is called in the cluster: by charts, objects, policies and the proof alike. */
import type { NamespacePlan } from "../workload/namespace.ts";

/**
 * Namespace of Strimzi's operator and of the clusters, which it looks after in its own namespace alone (values.yaml,
 * `watchNamespaces`). All pods keep to `restricted` once the operator is told so.
 */
export const kafkaNamespace = { name: "kafka" } as const satisfies NamespacePlan;

/** Where the chart is: https://strimzi.io/charts/ */
export const strimziCharts = "https://strimzi.io/charts";

/** Labels of the operator's pods, as the chart gives them. */
export const operatorLabels = { "strimzi.io/kind": "cluster-operator" } as const;

/** Label of everything that belongs to a cluster (strimzi 1.2.0, operator-common, Labels.java). */
export const clusterLabel = "strimzi.io/cluster";

/** Labels of brokers and controllers; of the operators of topics and users; and of Cruise Control. */
export const nodeLabels = (cluster: string) => ({ "strimzi.io/name": `${cluster}-kafka` });
export const entityLabels = (cluster: string) => ({
  "strimzi.io/name": `${cluster}-entity-operator`,
});
export const balancerLabels = (cluster: string) => ({
  "strimzi.io/name": `${cluster}-cruise-control`,
});

/**
 * Where things listen (strimzi 1.2.0, KafkaCluster.java, CruiseControl.java, MetricsModel.java); `plain`, `tls` and `outside`
 * are the program's own listeners.
 */
export const ports = {
  ...{ controlPlane: 9090, replication: 9091, agent: 8443, metrics: 9404, balancer: 9090 },
  ...{ plain: 9092, tls: 9093, outside: 9094 },
} as const;

/** Where programs inside of the cluster begin. */
export function bootstrapService(cluster: string): string {
  return `${cluster}-kafka-bootstrap`;
}

export type Role = "controller" | "broker";

/** All clusters' pools are in one namespace. Pods are called CLUSTER-POOL-NUMBER, and so by the cluster twice. */
export const poolName = (cluster: string, role: Role): string => `${cluster}-${role}`;

/** Name of a topic's object: no object's name has capitals or underscores. No cluster's name has a dot. */
export function topicObject(cluster: string, topic: string): string {
  return `${cluster}.${topic.toLowerCase().replaceAll("_", "-")}`;
}

/** Secret with a user's password; the one called like the user is the operator's own. */
export function passwordSecret(user: string): string {
  return `${user}.password`;
}
export const passwordKey = "password";

/** Numbers of nodes: brokers count from nothing, so that their names outside are known before they are there. */
export const brokerIds = "[0-99]";
export const controllerIds = "[100-199]";
