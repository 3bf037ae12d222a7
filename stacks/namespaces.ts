import { argocdNamespace } from "../components/argocd/names.ts";
import { backupNamespace } from "../components/backup/names.ts";
import { bucketsNamespace } from "../components/buckets/names.ts";
import {
  certificatesNamespace,
  managerNamespace,
} from "../components/certificates/cert-manager-values.ts";
import { devicesNamespace } from "../components/devices/names.ts";
import { cloudflaredNamespace } from "../components/edge/cloudflared.ts";
import { gatewayNamespace } from "../components/gateway/plan.ts";
import { identityNamespace } from "../components/identity/names.ts";
import { kafkaNamespace } from "../components/kafka/names.ts";
import { alloyNamespace, lokiNamespace } from "../components/logs/names.ts";
import { monitoringNamespace } from "../components/monitoring/names.ts";
import {
  operatorNamespace as cnpgNamespace,
  postgresNamespace,
} from "../components/postgres/names.ts";
import {
  operatorNamespace as dragonflyNamespace,
  redisNamespace,
} from "../components/redis/names.ts";
import { onePasswordNamespace } from "../components/secrets/connect-values.ts";
import { storageNamespace } from "../components/storage/operator-values.ts";
import { teslaNamespace } from "../components/tesla/names.ts";
import { namesNamespace } from "../components/names/resolver.ts";
import { operatorNamespace } from "../components/tailnet/operator-values.ts";
import type { NamespacePlan } from "../components/workload/namespace.ts";
import { reloaderNamespace } from "../components/workload/reloader.ts";
import { appNamespaces } from "./apps/data/volumes.ts";
import { itemNamespaces } from "./parts/items/schema.ts";
import { loginNamespaces } from "./parts/postgres/login-namespaces.ts";
import type { SiteConfig } from "./schema.ts";

/** Every namespace that the program makes for a site: a line a part. A test holds it against the graphs. */
export function siteNamespaces(config: SiteConfig): readonly NamespacePlan[] {
  const { onePassword, reloader, gateway, storage, monitoring, names, tailnet, edge } = config;
  const { certificates, logs, argocd, postgres, redis, kafka, buckets, backup, tesla } = config;
  const { identity } = config;
  const items = onePassword?.operator === undefined ? [] : itemNamespaces(onePassword.operator);
  return [
    ...(reloader === undefined ? [] : [reloaderNamespace]),
    ...(onePassword?.operator === undefined ? [] : [onePasswordNamespace, ...items]),
    ...(gateway === undefined ? [] : [gatewayNamespace]),
    ...(storage === undefined ? [] : [storageNamespace]),
    ...(monitoring === undefined ? [] : [monitoringNamespace]),
    ...(logs === undefined ? [] : [lokiNamespace, alloyNamespace]),
    ...(argocd === undefined ? [] : [argocdNamespace]),
    ...(postgres === undefined
      ? []
      : [cnpgNamespace, postgresNamespace, ...loginNamespaces(postgres, items)]),
    ...(redis === undefined ? [] : [dragonflyNamespace, redisNamespace]),
    ...(kafka === undefined ? [] : [kafkaNamespace]),
    ...(Object.keys(buckets).length === 0 ? [] : [bucketsNamespace]),
    ...(backup === undefined ? [] : [backupNamespace]),
    ...(identity?.dex === undefined ? [] : [identityNamespace]),
    ...(tesla === undefined ? [] : [teslaNamespace]),
    ...(config.devicePlugin === undefined ? [] : [devicesNamespace]),
    ...(names === undefined ? [] : [namesNamespace]),
    ...(tailnet === undefined ? [] : [operatorNamespace]),
    ...(edge === undefined ? [] : [cloudflaredNamespace]),
    ...(certificates === undefined ? [] : [managerNamespace, certificatesNamespace]),
    ...appNamespaces(config),
  ];
}
