/** The objects of a Kafka cluster (`kafka.strimzi.io/v1`), and the login that programs get. */
import { digest } from "../digest.ts";
import { hostLabel } from "../storage/classes.ts";
import {
  bootstrapService,
  brokerIds,
  clusterLabel,
  controllerIds,
  kafkaNamespace,
  passwordKey,
  passwordSecret,
  poolName,
  ports,
  topicObject,
  type Role,
} from "./names.ts";
import type { ClusterPlan, OutsidePlan, PoolPlan, TopicPlan, UserPlan } from "./plan.ts";

const apiVersion = "kafka.strimzi.io/v1";
const { name: namespace } = kafkaNamespace;

const labels = (cluster: string) => ({ [clusterLabel]: cluster });

/**
 * The cluster. It has no nodes of its own but those of its pools. Copies of a partition are on hosts of their own, by the label of
 * Proxmox hosts that every node has. Without the ACL of a user nothing is read or written.
 */
export function kafka(plan: ClusterPlan) {
  const { name, version, brokers, users, outside, balances, metrics } = plan;
  const copies = Math.min(3, brokers.replicas);
  return {
    apiVersion,
    kind: "Kafka",
    metadata: { name, namespace },
    spec: {
      kafka: {
        version,
        listeners: [
          listener("plain", ports.plain, false, "scram-sha-512"),
          ...(users.some(({ by }) => by === "certificate")
            ? [listener("tls", ports.tls, true, "tls")]
            : []),
          ...(outside === undefined ? [] : [outsideListener(outside)]),
        ],
        authorization: { type: "simple" },
        rack: { type: "topology-label", topologyKey: hostLabel },
        config: {
          "offsets.topic.replication.factor": copies,
          "transaction.state.log.replication.factor": copies,
          "transaction.state.log.min.isr": inSync(copies),
          "default.replication.factor": copies,
          "min.insync.replicas": inSync(copies),
          // A misspelt name would make a topic that nobody declared.
          "auto.create.topics.enable": false,
        },
        // A host has a broker and a controller: with less, a drain on three hosts would wait for a place that there is not.
        template: {
          podDisruptionBudget: {
            maxUnavailable: 2,
            metadata: { annotations: { "homelab/pools": poolsMark(plan) } },
          },
        },
        ...(metrics
          ? { metricsConfig: { type: "strimziMetricsReporter", values: { allowList: [...told] } } }
          : {}),
      },
      entityOperator: {
        topicOperator: { resources: resources("20m", 384) },
        userOperator: { resources: resources("20m", 384) },
      },
      ...(balances ? { cruiseControl: { resources: resources("50m", 768), ...rebalancing } } : {}),
    },
  };
}

/**
 * Changes with the pools, so that the cluster has another generation then, which the operator has been through once it says so.
 * A pool's own says nothing: it is written before nodes are rolled (operator/assembly/KafkaReconciler.java, updateNodePoolStatuses).
 */
function poolsMark({ name, controllers, brokers }: ClusterPlan): string {
  const specs = [nodePool(name, "controller", controllers), nodePool(name, "broker", brokers)];
  return digest(JSON.stringify(specs.map(({ spec }) => spec)));
}

/** Copies that have a write before it counts: all but one, so that a host may be away. */
export const inSync = (copies: number): number => Math.max(1, copies - 1);

/** What of Kafka's many metrics is told: what alerts and people ask for. */
const told = [
  "kafka_controller_kafkacontroller_.*",
  "kafka_server_replicamanager_.*",
  "kafka_server_brokertopicmetrics_.*",
  "kafka_server_raft_metrics_.*",
  "kafka_cluster_partition_underminisr.*",
  "kafka_log_log_size.*",
];

/** Brokers that come get partitions, and those that go lose them before. */
const rebalancing = {
  autoRebalance: [{ mode: "add-brokers" }, { mode: "remove-brokers" }],
};

function listener(name: string, port: number, tls: boolean, type: string) {
  return { name, port, type: "internal", tls, authentication: { type } };
}

/**
 * The operator makes the Services and routes by which a gateway leads to each broker (`tlsroute`, since Strimzi 1.1). It tells
 * clients port 443 unless told otherwise (ListenersUtils.java).
 */
function outsideListener({ hostname, gateway, port }: OutsidePlan) {
  return {
    ...{ name: "outside", port: ports.outside, type: "tlsroute", tls: true },
    authentication: { type: "scram-sha-512" },
    configuration: {
      parentRefs: [
        {
          ...{ group: "gateway.networking.k8s.io", kind: "Gateway" },
          ...{ name: gateway.name, namespace: gateway.namespace, sectionName: gateway.listener },
        },
      ],
      bootstrap: { host: hostname },
      hostTemplate: brokerHost(hostname, "{nodeId}"),
      ...(port === 443 ? {} : { advertisedPortTemplate: String(port) }),
    },
  };
}

/** Name of a broker outside: `kafka-0.home.arpa` beside `kafka.home.arpa`. */
export function brokerHost(hostname: string, id: string | number): string {
  const [first = "", ...rest] = hostname.split(".");
  return [`${first}-${id}`, ...rest].join(".");
}

function resources(cpu: string, memoryMiB: number) {
  const memory = `${memoryMiB}Mi`;
  return { requests: { cpu, memory }, limits: { memory } };
}

/** A cluster's nodes of one role, no two of which share a Proxmox host. Their volumes stay when the object goes. */
export function nodePool(
  cluster: string,
  role: Role,
  { replicas, class: storageClass, sizeGiB, memoryMiB }: PoolPlan,
) {
  return {
    apiVersion,
    kind: "KafkaNodePool",
    metadata: {
      name: poolName(cluster, role),
      namespace,
      labels: labels(cluster),
      annotations: { "strimzi.io/next-node-ids": role === "broker" ? brokerIds : controllerIds },
    },
    spec: {
      replicas,
      roles: [role],
      resources: resources("100m", memoryMiB),
      // Half for Java, half for the page cache, by which Kafka reads and writes.
      jvmOptions: {
        "-Xms": `${Math.floor(memoryMiB / 2)}m`,
        "-Xmx": `${Math.floor(memoryMiB / 2)}m`,
      },
      storage: {
        type: "jbod",
        volumes: [
          {
            ...{ id: 0, type: "persistent-claim", size: `${sizeGiB}Gi`, kraftMetadata: "shared" },
            deleteClaim: false,
            ...(storageClass === undefined ? {} : { class: storageClass }),
          },
        ],
      },
      template: { pod: { affinity: apart(cluster, role) } },
    },
  };
}

function apart(cluster: string, role: Role) {
  const matchLabels = { "strimzi.io/pool-name": poolName(cluster, role) };
  return {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { topologyKey: hostLabel, labelSelector: { matchLabels } },
      ],
    },
  };
}

/** A topic. It goes with its object, and what is in it too. */
export function topic(cluster: string, { name, partitions, replicas, config }: TopicPlan) {
  return {
    apiVersion,
    kind: "KafkaTopic",
    metadata: { name: topicObject(cluster, name), namespace, labels: labels(cluster) },
    spec: { topicName: name, partitions, replicas, config: { ...config } },
  };
}

/** A user, which is called like its object. Groups of consumers and transactions begin with its name. */
export function user(cluster: string, { name, by, reads, writes }: UserPlan) {
  return {
    apiVersion,
    kind: "KafkaUser",
    metadata: { name, namespace, labels: labels(cluster) },
    spec: {
      authentication:
        by === "certificate"
          ? { type: "tls" }
          : {
              type: "scram-sha-512",
              password: {
                valueFrom: { secretKeyRef: { name: passwordSecret(name), key: passwordKey } },
              },
            },
      authorization: {
        type: "simple",
        acls: [
          ...reads.map((on) => acl("topic", on, ["Read", "Describe", "DescribeConfigs"])),
          ...writes.map((on) => acl("topic", on, ["Write", "Describe", "DescribeConfigs"])),
          ...(reads.length === 0 ? [] : [acl("group", `${name}*`, ["Read", "Describe"])]),
          ...(writes.length === 0
            ? []
            : [acl("transactionalId", `${name}*`, ["Write", "Describe"])]),
        ],
      },
    },
  };
}

function acl(type: "topic" | "group" | "transactionalId", on: string, operations: string[]) {
  const all = on.endsWith("*");
  const name = all && on !== "*" ? on.slice(0, -1) : on;
  const patternType = all && on !== "*" ? "prefix" : "literal";
  return { resource: { type, name, patternType }, operations };
}

/** What a program needs to reach a cluster. */
export const loginKeys = ["bootstrap", "username", "password", "protocol", "mechanism"] as const;

/** The login of a user that has a password; inside of the cluster the password itself is never on the wire (RFC 5802). */
export function login(
  cluster: string,
  username: string,
  { password, clusterDomain }: { readonly password: string; readonly clusterDomain: string },
): Record<(typeof loginKeys)[number], string> {
  return {
    bootstrap: `${bootstrapService(cluster)}.${namespace}.svc.${clusterDomain}:${ports.plain}`,
    ...{ username, password, protocol: "SASL_PLAINTEXT", mechanism: "SCRAM-SHA-512" },
  };
}
