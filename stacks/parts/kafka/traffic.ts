import {
  balancerLabels,
  entityLabels,
  kafkaNamespace,
  nodeLabels,
  operatorLabels,
  ports,
} from "../../../components/kafka/names.ts";
import { apiServer, pods, tcp, type Flow, type Pods } from "../../../components/policies/flow.ts";
import type { SiteConfig } from "../../schema.ts";
import { gatewayProxies } from "../gateway/traffic.ts";
import type { KafkaConfig } from "./schema.ts";

const { name: namespace } = kafkaNamespace;
const operator = pods("Strimzi's operator", namespace, operatorLabels);

/** Brokers and controllers of a cluster. */
export const nodesOf = (cluster: string): Pods =>
  pods(`Kafka ${cluster}`, namespace, nodeLabels(cluster));

/**
 * What the operator itself would let pass (strimzi 1.2.0, KafkaCluster.java, generateNetworkPolicy), but for the listeners: those
 * are for whom the config names. Nodes ask the API server for the host that they are on.
 */
export function kafkaTraffic({ kafka }: SiteConfig): readonly Flow[] {
  if (kafka === undefined) return [];
  return [
    { from: operator, to: apiServer, why: "its objects" },
    ...Object.entries(kafka.clusters).flatMap(([name, cluster]) => ways(name, cluster)),
  ];
}

function ways(name: string, cluster: KafkaConfig["clusters"][string]): readonly Flow[] {
  const nodes = nodesOf(name);
  const entity = pods(`topics and users of Kafka ${name}`, namespace, entityLabels(name));
  const balancer = pods(`Cruise Control of Kafka ${name}`, namespace, balancerLabels(name));
  const { controlPlane, replication, agent } = ports;
  return [
    { from: nodes, to: apiServer, why: "the host that each is on" },
    { from: nodes, to: nodes, ports: tcp(controlPlane, replication), why: "copies and votes" },
    {
      ...{ from: operator, to: nodes, ports: tcp(controlPlane, replication, agent) },
      why: "their state and rollouts",
    },
    { from: entity, to: apiServer, why: "topics and users" },
    { from: entity, to: nodes, ports: tcp(replication), why: "topics and users" },
    ...(cluster.balances
      ? [operator, entity].map((from): Flow => ({
          ...{ from, to: balancer, ports: tcp(ports.balancer), why: "where partitions go" },
        }))
      : []),
    ...(cluster.balances
      ? ([
          { from: balancer, to: nodes, ports: tcp(replication), why: "loads, and moves" },
        ] satisfies Flow[])
      : []),
    ...Object.entries(cluster.users).flatMap(([user, { by, namespaces }]) =>
      namespaces.map((one): Flow => ({
        from: pods(`pods of ${one}`, one),
        to: nodes,
        ports: tcp(by === "certificate" ? ports.tls : ports.plain),
        why: `log in as ${user}`,
      })),
    ),
    ...(cluster.outside === undefined
      ? []
      : [
          {
            from: gatewayProxies(cluster.outside.gateway),
            to: nodes,
            ports: tcp(ports.outside),
            why: `clients of ${cluster.outside.hostname}`,
          } satisfies Flow,
        ]),
  ];
}
