import { KafkaCluster } from "../../../components/kafka/cluster.ts";
import { KafkaOperator } from "../../../components/kafka/operator.ts";
import type { RunningCluster } from "../../../components/workload/running-cluster.ts";
import { givenPasswords } from "../../logins/passwords.ts";
import type { SiteLogins } from "../../logins/told.ts";
import type { Site } from "../../open-site.ts";
import type { SiteCluster } from "../cluster/deploy.ts";
import type { SiteDefinitions } from "../definitions/deploy.ts";
import type { SiteGateways } from "../gateway/deploy.ts";
import { podHosts } from "../machines/nodes.ts";
import type { SiteStorage } from "../storage/deploy.ts";
import { clusterPlan } from "./plan.ts";
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
      gatewayApi: config.gateway?.gatewayApi,
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
