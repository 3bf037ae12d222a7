import { managerNamespace } from "../../../components/certificates/cert-manager-values.ts";
import { cacheLabels } from "../../../components/dns/cache-pods.ts";
import { clusterDnsService } from "../../../components/dns/redirect.ts";
import { cloudflaredNamespace } from "../../../components/edge/cloudflared.ts";
import { gatewayNamespace } from "../../../components/gateway/plan.ts";
import { identityNamespace } from "../../../components/identity/names.ts";
import {
  kafkaNamespace,
  nodeLabels,
  operatorLabels as strimziLabels,
} from "../../../components/kafka/names.ts";
import { alloyNamespace, lokiNamespace } from "../../../components/logs/names.ts";
import type { MonitorPlan } from "../../../components/monitoring/monitors.ts";
import { namesNamespace } from "../../../components/names/resolver.ts";
import {
  clusterLabel,
  instancePods,
  operatorLabels,
  operatorNamespace,
  postgresNamespace,
} from "../../../components/postgres/names.ts";
import {
  instanceLabels,
  operatorLabels as dragonflyLabels,
  operatorNamespace as dragonflyNamespace,
  redisNamespace,
} from "../../../components/redis/names.ts";
import { reader, server, teslaNamespace } from "../../../components/tesla/names.ts";
import { reloaderNamespace } from "../../../components/workload/reloader.ts";
import type { SiteConfig } from "../../schema.ts";

/**
 * What of the site's parts tells of itself, by the labels and ports that its pods have in charts and in the program. Rook
 * has monitors of its own (`homelab:storage.monitoring`), and the cluster's DNS the chart of Prometheus.
 */
export function siteMonitors(config: SiteConfig): readonly MonitorPlan[] {
  const { certificates, cluster, gateway, dns, names, edge, reloader, logs } = config;
  const { postgres, redis, kafka, tesla, identity } = config;
  return [
    ...cilium,
    ...(certificates === undefined ? [] : certManager),
    ...(gateway === undefined ? [] : envoyGateway),
    // RKE2's profile closes kube-system's pods to other namespaces, but for those on their machine's own network.
    ...(dns === undefined || cluster.profile !== undefined
      ? []
      : [
          {
            ...{ name: "node-local-dns", namespace: clusterDnsService.namespace },
            ...{ labels: cacheLabels, port: "metrics" },
          },
        ]),
    ...(names === undefined ? [] : [own("resolver", namesNamespace.name)]),
    ...(edge === undefined ? [] : [own("cloudflared", cloudflaredNamespace.name)]),
    ...(reloader === undefined
      ? []
      : [{ ...own("reloader", reloaderNamespace.name), port: "http" }]),
    // Their charts call it so (loki 18.11.0, alloy 1.11.1).
    ...(logs === undefined
      ? []
      : [own("loki", lokiNamespace.name), own("alloy", alloyNamespace.name)].map((plan) => ({
          ...plan,
          port: "http-metrics",
        }))),
    ...(identity?.dex === undefined ? [] : [own("dex", identityNamespace.name)]),
    ...(postgres === undefined ? [] : databases(Object.keys(postgres.clusters))),
    ...(redis === undefined ? [] : dragonflies(Object.keys(redis.instances))),
    ...(kafka === undefined ? [] : kafkas(Object.keys(kafka.clusters))),
    ...(tesla === undefined ? [] : [server, reader].map((app) => own(app, teslaNamespace.name))),
  ];
}

/** Pods with the label that the program, and most charts, give them. */
function own(name: string, namespace: string): MonitorPlan {
  return { name, namespace, labels: { "app.kubernetes.io/name": name }, port: "metrics" };
}

/** Job of a Postgres cluster's instances. */
export const postgresJob = (cluster: string): string => `postgres-${cluster}`;

/**
 * The operator, and of each cluster its instances: the Cluster's own way to a monitor is deprecated
 * (https://github.com/cloudnative-pg/cloudnative-pg/blob/v1.30.0/docs/src/monitoring.md).
 */
function databases(clusters: readonly string[]): readonly MonitorPlan[] {
  return [
    {
      ...{ name: "cloudnative-pg", namespace: operatorNamespace.name },
      ...{ labels: operatorLabels, port: "metrics" },
    },
    ...clusters.map((cluster): MonitorPlan => ({
      ...{ name: postgresJob(cluster), namespace: postgresNamespace.name, port: "metrics" },
      labels: { [clusterLabel]: cluster, ...instancePods },
    })),
  ];
}

/** Job of a Redis instance's pods. */
export const redisJob = (instance: string): string => `redis-${instance}`;

/** The operator, and of each instance its pods at the administration's port (dragonfly-operator, monitoring/podMonitor.yaml). */
function dragonflies(instances: readonly string[]): readonly MonitorPlan[] {
  return [
    {
      ...{ name: "dragonfly-operator", namespace: dragonflyNamespace.name },
      ...{ labels: dragonflyLabels, port: "metrics" },
    },
    ...instances.map((instance): MonitorPlan => ({
      ...{ name: redisJob(instance), namespace: redisNamespace.name, port: "admin" },
      labels: instanceLabels(instance),
    })),
  ];
}

/** Job of a Kafka cluster's nodes. */
export const kafkaJob = (cluster: string): string => `kafka-${cluster}`;

/** The operator, and of each cluster its nodes (strimzi 1.2.0, packaging/examples/metrics/prometheus-install/pod-monitors). */
function kafkas(clusters: readonly string[]): readonly MonitorPlan[] {
  const { name: namespace } = kafkaNamespace;
  return [
    { name: "strimzi", namespace, labels: strimziLabels, port: "http" },
    ...clusters.map((cluster): MonitorPlan => ({
      ...{ name: kafkaJob(cluster), namespace, labels: nodeLabels(cluster) },
      port: "tcp-prometheus",
    })),
  ];
}

/** The chart's pods (cilium 1.19.6: templates/cilium-agent, cilium-operator, cilium-envoy, hubble); all on their machine's network. */
const cilium = (
  [
    ["cilium-agent", { "k8s-app": "cilium" }, "prometheus"],
    ["hubble", { "k8s-app": "cilium" }, "hubble-metrics"],
    ["cilium-operator", { "io.cilium/app": "operator" }, "prometheus"],
    ["cilium-envoy", { "k8s-app": "cilium-envoy" }, "envoy-metrics"],
  ] satisfies [string, MonitorPlan["labels"], string][]
).map(([name, labels, port]): MonitorPlan => ({ name, namespace: "kube-system", labels, port }));

/** Controller, webhook and cainjector of cert-manager alike (chart v1.21.1), and trust-manager (v0.24.0). */
const certManager: readonly MonitorPlan[] = [
  {
    ...{ name: "cert-manager", namespace: managerNamespace.name },
    ...{ labels: { "app.kubernetes.io/instance": "cert-manager" }, port: "http-metrics" },
  },
  own("trust-manager", managerNamespace.name),
];

/**
 * The controller, and the proxies that it makes of Gateways.
 * @see https://github.com/envoyproxy/gateway/blob/v1.9.1/internal/infrastructure/kubernetes/proxy/resource.go
 * @see https://gateway.envoyproxy.io/docs/tasks/observability/proxy-metric/
 */
const envoyGateway: readonly MonitorPlan[] = [
  {
    ...{ name: "envoy-gateway", namespace: gatewayNamespace.name },
    ...{ labels: { "control-plane": "envoy-gateway" }, port: "metrics" },
  },
  {
    ...{
      name: "envoy",
      namespace: gatewayNamespace.name,
      port: "metrics",
      path: "/stats/prometheus",
    },
    labels: {
      "app.kubernetes.io/component": "proxy",
      "app.kubernetes.io/managed-by": "envoy-gateway",
    },
  },
];
