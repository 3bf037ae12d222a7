import { z } from "zod";
import type { SecretUse } from "../components/security/secrets.ts";
import { applications, appsConfig } from "./apps/index.ts";
import type { Derivation } from "./config/derivation.ts";
import { secretUses } from "./config/secret-ref.ts";
import { whereOn } from "./config/switched.ts";
import { allowDataLoss } from "./data-loss/schema.ts";
import { argocd, deriveArgocd } from "./parts/argocd/schema.ts";
import { backup, deriveBackup } from "./parts/backup/schema.ts";
import { buckets, deriveBuckets } from "./parts/buckets/schema.ts";
import { certificates, deriveCertificates } from "./parts/certificates/schema.ts";
import { deriveCluster, cluster } from "./parts/cluster/schema.ts";
import { deriveDevicePlugin, devices } from "./parts/devices/schema.ts";
import { deriveDns, dns } from "./parts/dns/schema.ts";
import { deriveEdge, edge } from "./parts/edge/schema.ts";
import { deriveGateway, gateway } from "./parts/gateway/schema.ts";
import { deriveIdentity, identity } from "./parts/identity/schema.ts";
import { deriveKafka, kafka } from "./parts/kafka/schema.ts";
import { libraries } from "./parts/libraries/schema.ts";
import { deriveLogs, logs } from "./parts/logs/schema.ts";
import {
  allowDiskRemoval,
  allowRemove,
  allowReplace,
  deriveMachines,
  machineDefaults,
  machines,
} from "./parts/machines/schema.ts";
import { podHosts } from "./parts/machines/nodes.ts";
import { deriveMonitoring, monitoring } from "./parts/monitoring/schema.ts";
import { deriveNames, names } from "./parts/names/schema.ts";
import { deriveNetwork, network } from "./parts/network/schema.ts";
import { networkPolicy } from "./parts/policies/schema.ts";
import { people } from "./parts/people/schema.ts";
import { derivePostgres, postgres } from "./parts/postgres/schema.ts";
import { deriveProxmox, proxmox } from "./parts/proxmox/schema.ts";
import { deriveRedis, redis } from "./parts/redis/schema.ts";
import { deriveReloader, reloader } from "./parts/reloader/schema.ts";
import { deriveOnePassword, onePassword } from "./parts/secrets/schema.ts";
import { deriveNetworks, site } from "./parts/site/schema.ts";
import { deriveStorage, storage } from "./parts/storage/schema.ts";
import { deriveTailnet, tailnet } from "./parts/tailnet/schema.ts";
import { withRecords } from "./parts/tesla/records.ts";
import { deriveTesla, tesla } from "./parts/tesla/schema.ts";
import { versions } from "./parts/versions/schema.ts";

/** What may be written in `Pulumi.STACK.yaml`, key by key without the `homelab:` prefix. */
export const siteSchema = z.strictObject({
  site,
  versions,
  people,
  proxmox,
  machineDefaults,
  machines,
  cluster,
  network,
  gateway,
  dns,
  names,
  networkPolicy,
  storage,
  onePassword: onePassword.optional(),
  reloader,
  tailnet: tailnet.optional(),
  edge: edge.optional(),
  certificates,
  monitoring: monitoring.optional(),
  logs: logs.optional(),
  argocd: argocd.optional(),
  postgres: postgres.optional(),
  redis: redis.optional(),
  kafka: kafka.optional(),
  buckets,
  backup: backup.optional(),
  tesla: tesla.optional(),
  identity: identity.optional(),
  devices,
  libraries,
  apps: appsConfig(applications).default({}),
  allowReplace,
  allowRemove,
  allowDiskRemoval,
  allowDataLoss,
});

/** A site as its file says, defaults filled in. */
export type WrittenSite = z.infer<typeof siteSchema>;

/**
 * The config of a site from what its file says: what may be left out is filled in, and each part has its own versions. So
 * no part knows what was written and what was not. Pure, but for what `derivation` is told.
 */
export function deriveSite(written: WrittenSite, derivation: Derivation) {
  const { versions, people, machineDefaults, gateway, dns, names, certificates, ...further } =
    written;
  const {
    onePassword,
    storage,
    tailnet,
    edge,
    monitoring,
    logs,
    argocd,
    postgres,
    redis,
    kafka,
    buckets,
    backup,
    tesla,
    identity,
    ...rest
  } = further;
  const lan = deriveNetworks(written.site, derivation);
  const machines = deriveMachines(written.machines, machineDefaults, written.proxmox, derivation);
  const hosts = podHosts(machines).size;
  const ceph = whereOn(storage, (on) => deriveStorage(on, versions, { machines, monitoring }));
  const networkPolicy = whereOn(written.networkPolicy, (section) => section);
  const inner = deriveNetwork(written.network, versions, tailnet, derivation);
  return {
    ...rest,
    people,
    site: lan,
    proxmox: deriveProxmox(written.proxmox, versions, derivation),
    machines,
    cluster: deriveCluster(written.cluster, versions, monitoring),
    network: inner,
    gateway: whereOn(gateway, (on) => {
      const { site, machines } = written;
      const around = { site, machines, loadBalancers: inner.loadBalancers, zone: edge?.zone };
      return deriveGateway(on, around, versions, derivation);
    }),
    dns: whereOn(dns, (on) =>
      deriveDns(on, { versions, site: lan, services: inner.services, tailnet }, derivation),
    ),
    names: whereOn(names, (on) => deriveNames(on, versions, inner.loadBalancers, derivation)),
    networkPolicy,
    onePassword: onePassword && deriveOnePassword(onePassword, versions, derivation),
    reloader: deriveReloader(written.reloader, versions),
    storage: ceph,
    tailnet: tailnet && deriveTailnet(tailnet, versions, people, { hosts, monitoring, derivation }),
    edge: edge && deriveEdge(edge, versions, people, derivation),
    certificates: whereOn(certificates, (on) =>
      deriveCertificates(on, versions, written.site, { edge, onePassword }, derivation),
    ),
    monitoring: monitoring && deriveMonitoring(monitoring, versions, ceph),
    logs: logs && deriveLogs(logs, versions, ceph),
    argocd:
      argocd && deriveArgocd(argocd, versions, { people, monitoring, networkPolicy }, derivation),
    postgres: postgres && derivePostgres(postgres, versions, derivation),
    redis: redis && deriveRedis(redis, versions, derivation),
    kafka: kafka && deriveKafka(withRecords(kafka, tesla, derivation), versions, derivation),
    tesla: tesla && deriveTesla(tesla, inner.loadBalancers, derivation),
    buckets: deriveBuckets(buckets, ceph),
    backup: backup && deriveBackup(backup, versions, derivation),
    identity: identity && deriveIdentity(identity, versions, { people, hosts }, derivation),
    devicePlugin: deriveDevicePlugin(written.devices, versions),
  };
}

/** Config of one site, everything filled in that may be left out. */
export type SiteConfig = ReturnType<typeof deriveSite>;

/** Every secret that a site's config refers to, with the path that does, in the config's order. */
export function siteSecrets(config: SiteConfig): readonly SecretUse[] {
  return secretUses(siteSchema, config);
}
