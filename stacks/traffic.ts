import { pods, type Flow, type Pods } from "../components/policies/flow.ts";
import type { PolicyPlan } from "../components/policies/rules.ts";
import { appPort, appTraffic, podsOf } from "./apps/traffic.ts";
import { siteNamespaces } from "./namespaces.ts";
import { argocdTraffic } from "./parts/argocd/traffic.ts";
import { backupTraffic } from "./parts/backup/traffic.ts";
import { bucketsTraffic } from "./parts/buckets/traffic.ts";
import { certificatesTraffic } from "./parts/certificates/traffic.ts";
import { dnsPods, dnsTraffic } from "./parts/dns/traffic.ts";
import { edgeTraffic } from "./parts/edge/traffic.ts";
import { gatewayTraffic } from "./parts/gateway/traffic.ts";
import { identityTraffic } from "./parts/identity/traffic.ts";
import { itemsTraffic } from "./parts/items/traffic.ts";
import { kafkaTraffic } from "./parts/kafka/traffic.ts";
import { logsTraffic } from "./parts/logs/traffic.ts";
import { monitoringTraffic } from "./parts/monitoring/traffic.ts";
import { namesTraffic } from "./parts/names/traffic.ts";
import { hubblePods, networkTraffic } from "./parts/network/traffic.ts";
import { postgresTraffic } from "./parts/postgres/traffic.ts";
import { redisTraffic } from "./parts/redis/traffic.ts";
import { reloaderTraffic } from "./parts/reloader/traffic.ts";
import { storageTraffic } from "./parts/storage/traffic.ts";
import { throughProxies } from "./parts/tailnet/led-traffic.ts";
import { tailnetTraffic } from "./parts/tailnet/traffic.ts";
import { teslaTraffic } from "./parts/tesla/traffic.ts";
import type { SiteConfig } from "./schema.ts";

/** What a site's pods need of each other and of the world: a line a part. */
export function siteTraffic(config: SiteConfig): readonly Flow[] {
  return throughProxies(config, [
    ...networkTraffic(),
    ...reloaderTraffic(config),
    ...itemsTraffic(config),
    ...dnsTraffic(config),
    ...namesTraffic(config),
    ...tailnetTraffic(config),
    ...edgeTraffic(config),
    ...certificatesTraffic(config),
    ...gatewayTraffic(config, appPort, podsOf),
    ...storageTraffic(config),
    ...monitoringTraffic(config),
    ...logsTraffic(config),
    ...argocdTraffic(config),
    ...postgresTraffic(config),
    ...redisTraffic(config),
    ...kafkaTraffic(config),
    ...bucketsTraffic(config),
    ...backupTraffic(config),
    ...identityTraffic(config),
    ...teslaTraffic(config),
    ...appTraffic(config),
  ]);
}

/**
 * What a site's network policies are made of. Guarded is every namespace that the program makes, and of kube-system, which
 * RKE2 fills, what the program itself brings there to the pods' network.
 */
export function policyPlan(config: SiteConfig): PolicyPlan {
  return {
    guarded: [...siteNamespaces(config).map(({ name }): Pods => pods(name, name)), ...hubblePods],
    flows: siteTraffic(config),
    dns: dnsPods,
    clusterDomain: config.network.clusterDomain,
  };
}
