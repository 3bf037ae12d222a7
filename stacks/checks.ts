import type { Problem } from "../components/problem.ts";
import { checkApps } from "./apps/checks.ts";
import { checkDataLoss } from "./data-loss/checks.ts";
import { checkExposure } from "./exposure/checks.ts";
import { checkLogins } from "./logins/checks.ts";
import { checkArgocd } from "./parts/argocd/checks.ts";
import { checkHandOver } from "./parts/argocd/hand-over-checks.ts";
import { checkBackup } from "./parts/backup/checks.ts";
import { checkBuckets } from "./parts/buckets/checks.ts";
import { checkCertificates } from "./parts/certificates/checks.ts";
import { checkCluster } from "./parts/cluster/checks.ts";
import { checkPodDevices } from "./parts/devices/checks.ts";
import { checkDns } from "./parts/dns/checks.ts";
import { checkEdge } from "./parts/edge/checks.ts";
import { checkGateway } from "./parts/gateway/checks.ts";
import { checkIdentity } from "./parts/identity/checks.ts";
import { checkItems } from "./parts/items/checks.ts";
import { checkKafka } from "./parts/kafka/checks.ts";
import { checkLogs } from "./parts/logs/checks.ts";
import { checkMachines } from "./parts/machines/checks.ts";
import { checkMonitoring } from "./parts/monitoring/checks.ts";
import { checkNames } from "./parts/names/checks.ts";
import { checkNeeds } from "./parts/needs.ts";
import { checkNetwork } from "./parts/network/checks.ts";
import { checkPeople } from "./parts/people/checks.ts";
import { checkPolicies } from "./parts/policies/checks.ts";
import { checkPostgres } from "./parts/postgres/checks.ts";
import { checkProxmox } from "./parts/proxmox/checks.ts";
import { checkRedis } from "./parts/redis/checks.ts";
import { checkSecrets } from "./parts/secrets/checks.ts";
import { checkSite } from "./parts/site/checks.ts";
import { checkStorage } from "./parts/storage/checks.ts";
import { checkTailnet } from "./parts/tailnet/checks.ts";
import { checkTesla } from "./parts/tesla/checks.ts";
import type { SiteConfig } from "./schema.ts";

const checks: readonly ((config: SiteConfig, stack: string) => readonly Problem[])[] = [
  checkSite,
  (config) => checkNeeds(config),
  checkPeople,
  checkProxmox,
  checkMachines,
  checkCluster,
  checkNetwork,
  checkDns,
  checkGateway,
  checkStorage,
  checkSecrets,
  checkItems,
  checkTailnet,
  checkEdge,
  checkExposure,
  checkCertificates,
  checkNames,
  checkMonitoring,
  checkLogs,
  checkArgocd,
  checkPostgres,
  checkRedis,
  checkKafka,
  checkBuckets,
  checkBackup,
  checkTesla,
  checkDataLoss,
  checkLogins,
  (config) => checkApps(config),
  (config) => checkPodDevices(config),
  checkHandOver,
  checkIdentity,
  checkPolicies,
];

/** Every rule that spans more than one value of a site's config; an empty list means that all hold. */
export function crossCheck(config: SiteConfig, stack: string): readonly Problem[] {
  return checks.flatMap((check) => check(config, stack));
}
