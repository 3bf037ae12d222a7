/** Clusters of the config as components are told them. */
import { gatewayNamespace } from "../../../components/gateway/plan.ts";
import { inSync } from "../../../components/kafka/objects.ts";
import type { ClusterPlan, OutsidePlan, PoolPlan } from "../../../components/kafka/plan.ts";
import type { SiteConfig } from "../../schema.ts";
import { listenerPort } from "./outside.ts";
import type { KafkaConfig } from "./schema.ts";

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
        config: { ...kept(keepHours), ...written(replicas, brokers.replicas), ...further },
      }),
    ),
    users: Object.entries(users).map(([user, { by, reads, writes }]) => ({
      ...{ name: user, by, reads, writes },
    })),
    ...(outside === undefined ? {} : { outside: outsidePlan(outside, config) }),
  };
}

/**
 * Records go by whole segments, by the newest one in each, and a segment is closed after a week unless told otherwise
 * (kafka, storage/internals/log/UnifiedLog, deleteRetentionMsBreachedSegments).
 */
function kept(hours: number): Record<string, string> {
  const millis = hours * 3_600_000;
  return { "retention.ms": String(millis), "segment.ms": String(Math.min(millis, week) / 4) };
}

const week = 168 * 3_600_000;

/** Of two copies one is enough for a write, or a restart of its host would stop all who write; of more, one less than all. */
function written(copies: number, brokers: number): Record<string, string> {
  const usual = inSync(Math.min(3, brokers));
  const wanted = inSync(copies);
  return wanted < usual ? { "min.insync.replicas": String(wanted) } : {};
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
