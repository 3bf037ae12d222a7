import { KafkaCluster } from "../../../components/kafka/cluster.ts";
import { KafkaOperator } from "../../../components/kafka/operator.ts";
import type { ClusterPlan, OutsidePlan, PoolPlan } from "../../../components/kafka/plan.ts";
import { gatewayNamespace } from "../../../components/gateway/plan.ts";
import type { RunningCluster } from "../../../components/workload/running-cluster.ts";
import { givenPasswords } from "../../logins/passwords.ts";
import type { SiteLogins } from "../../logins/told.ts";
import type { Site } from "../../open-site.ts";
import type { SiteConfig } from "../../schema.ts";
import type { SiteCluster } from "../cluster/deploy.ts";
import type { SiteDefinitions } from "../definitions/deploy.ts";
import type { SiteGateways } from "../gateway/deploy.ts";
import { podHosts } from "../machines/nodes.ts";
import type { SiteStorage } from "../storage/deploy.ts";
import { listenerPort } from "./outside.ts";
import type { KafkaConfig } from "./schema.ts";
import { userAddress } from "./stores.ts";

/** What the parts before it have made. */
export interface KafkaSurroundings {
  readonly definitions: SiteDefinitions;
  readonly running: RunningCluster;
  readonly storage: SiteStorage | undefined;
  readonly gateways: SiteGateways | undefined;
}

/** Runs the site's Kafka clusters, where the config has the part; returns their users' logins by address. */
export function deployKafka(
  { name, config, secrets }: Site,
  { nodes: [server] }: SiteCluster,
  { definitions, running: { ready, kubernetes }, storage, gateways }: KafkaSurroundings,
): SiteLogins {
  const { kafka } = config;
  if (kafka === undefined) return new Map();
  const opts = { providers: [kubernetes], dependsOn: [ready] };
  const { clusterDomain } = config.network;
  // Volumes go with their namespace, while their storage is still there.
  const before = [definitions.strimzi, definitions.gatewayApi, storage?.ready];
  const operator = new KafkaOperator(
    `${name}-kafka`,
    {
      chart: kafka.chart,
      replicas: Math.min(2, podHosts(config.machines).size),
      clusterDomain,
      after: before.filter((step) => step !== undefined),
    },
    opts,
  );
  return new Map(
    Object.entries(kafka.clusters).flatMap(([cluster, written]) => {
      const way = written.outside === undefined ? undefined : gateways?.ready;
      const { logins } = new KafkaCluster(
        `kafka-${cluster}`,
        {
          ...{ plan: clusterPlan(cluster, written, config), clusterDomain, server },
          passwords: givenPasswords(secrets, written.users),
          after: [operator.ready, storage?.ready, way].filter((step) => step !== undefined),
        },
        opts,
      );
      return [...logins].map(([user, login]) => [userAddress(cluster, user), login] as const);
    }),
  );
}

type Cluster = KafkaConfig["clusters"][string];

/** A cluster as its component is told, without its secrets. */
export function clusterPlan(name: string, cluster: Cluster, config: SiteConfig): ClusterPlan {
  const { version, controllers, brokers, topics, users, outside, balances } = cluster;
  return {
    ...{ name, version, balances, metrics: config.monitoring !== undefined },
    ...{ controllers: poolPlan(controllers), brokers: poolPlan(brokers) },
    topics: Object.entries(topics).map(
      ([topic, { partitions, replicas, keepHours, config: further }]) => ({
        ...{ name: topic, partitions, replicas },
        config: { "retention.ms": String(keepHours * 3_600_000), ...further },
      }),
    ),
    users: Object.entries(users).map(([user, { by, reads, writes }]) => ({
      ...{ name: user, by, reads, writes },
    })),
    ...(outside === undefined ? {} : { outside: outsidePlan(outside, config) }),
  };
}

function poolPlan({ class: named, ...rest }: Cluster["brokers"]): PoolPlan {
  return named === undefined ? rest : { ...rest, class: named };
}

function outsidePlan(outside: NonNullable<Cluster["outside"]>, config: SiteConfig): OutsidePlan {
  const { hostname, gateway, listener } = outside;
  return {
    hostname,
    gateway: { namespace: gatewayNamespace.name, name: gateway, listener },
    port: listenerPort(outside, config),
  };
}
