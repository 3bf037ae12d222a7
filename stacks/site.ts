import { log, secret, type Output } from "@pulumi/pulumi";
import { argocdNamespace } from "../components/argocd/names.ts";
import { identityNamespace } from "../components/identity/names.ts";
import { monitoringNamespace } from "../components/monitoring/names.ts";
import { routerConfig, type RouterConfig } from "../components/network/router.ts";
import { storageNamespace } from "../components/storage/operator-values.ts";
import { deployApps } from "./apps/deploy.ts";
import { deployData } from "./apps/data/deploy.ts";
import { appNotices } from "./apps/notices.ts";
import { passes } from "./exposure/page.ts";
import { openNames, siteExposure, type Exposed } from "./exposure/table.ts";
import { lookAround, type World } from "./look-around.ts";
import { openSite, type ReadSecrets, type Site } from "./open-site.ts";
import { custodies } from "./parts/argocd/custody.ts";
import { deployArgocd } from "./parts/argocd/deploy.ts";
import { deployBackup, saveClaims } from "./parts/backup/deploy.ts";
import { deployBuckets } from "./parts/buckets/deploy.ts";
import { deployCertificates } from "./parts/certificates/deploy.ts";
import { apiAnswers } from "./parts/cluster/answers.ts";
import { deployCluster } from "./parts/cluster/deploy.ts";
import { deployDefinitions } from "./parts/definitions/deploy.ts";
import { deployDevices } from "./parts/devices/deploy.ts";
import { deployDns } from "./parts/dns/deploy.ts";
import { deployEdge, type ServiceTokens } from "./parts/edge/deploy.ts";
import { cloudflareProvider } from "./parts/edge/provider.ts";
import { deployGateway, deployRoutes } from "./parts/gateway/deploy.ts";
import {
  deployApiSignOn,
  deployDex,
  deployIdentity,
  deployPeople,
  type SiteDex,
} from "./parts/identity/deploy.ts";
import { deployItems } from "./parts/items/deploy.ts";
import { deployKafka } from "./parts/kafka/deploy.ts";
import { deployLogs } from "./parts/logs/deploy.ts";
import { deployMachines } from "./parts/machines/deploy.ts";
import { deployMonitoring, deployMonitoringKinds } from "./parts/monitoring/deploy.ts";
import { deployProbes } from "./parts/monitoring/deploy-probes.ts";
import { deployReceiver } from "./parts/monitoring/deploy-receiver.ts";
import { deployNames, type NamesOutput } from "./parts/names/deploy.ts";
import { deployNetwork, routerPlans } from "./parts/network/deploy.ts";
import { deployPolicies } from "./parts/policies/deploy.ts";
import { deployPostgres } from "./parts/postgres/deploy.ts";
import { deployRedis } from "./parts/redis/deploy.ts";
import { deployReloader } from "./parts/reloader/deploy.ts";
import { deployStorage } from "./parts/storage/deploy.ts";
import { deployTailnet } from "./parts/tailnet/deploy.ts";
import { deployTesla } from "./parts/tesla/deploy.ts";
import type { SiteConfig } from "./schema.ts";

/** What people need of a running site; the stack's outputs. */
export interface SiteOutputs {
  readonly site: string;
  /** RKE2 release. */
  readonly version: string;
  /** Address of the control plane. */
  readonly vip: string;
  readonly nodes: readonly {
    readonly name: string;
    readonly role: string;
    readonly address: string;
  }[];
  /** The peering router's config, for whoever loads it there; secret where it holds a password. Of several, the first's. */
  readonly router?: RouterConfig | Output<RouterConfig>;
  /** The configs of all peering routers by their address, where there are several. */
  readonly routers?: Readonly<Record<string, RouterConfig | Output<RouterConfig>>>;
  /** The site's names, for whoever looks after the LAN's resolver. */
  readonly names?: NamesOutput;
  /** Addresses on the internet. */
  readonly published: readonly string[];
  /** What is reached from outside of the cluster: docs/exposure.SITE.md as data. */
  readonly exposure: readonly (Pick<Exposed, "host" | "to" | "backend" | "tls"> & {
    readonly passes: string;
  })[];
  /** Logins of programs at Access, by token name; secret. */
  readonly serviceTokens: ServiceTokens;
  /** Administrator's kubeconfig; secret. */
  readonly kubeconfig: Output<string>;
  /** Kubeconfig of people of the site, who sign on by their browser; no secret. */
  readonly peopleKubeconfig?: Output<string>;
  /** Passwords that were drawn for people of the site, by address; secret. */
  readonly peoplePasswords?: SiteDex["passwords"];
  /** How long the cluster's certificates last, and which were renewed; the next run reads it. */
  readonly certificates: { readonly ends: Output<string>; readonly renewed: string };
  /** Opens the cluster's snapshots where its machines are lost (docs/restore.md); secret. */
  readonly serverToken: Output<string>;
  /** Login key of root on every machine; secret. */
  readonly sshPrivateKey: Output<string>;
  /** Lines for ~/.ssh/known_hosts, one a machine. */
  readonly knownHosts: Output<string>;
}

/** What tests put in place of secrets and world. */
export interface SiteDeps extends World {
  readonly readSecrets?: ReadSecrets;
}

/**
 * Deploys a site, one part after the other; each is given what the parts before it have made. Throws before anything is
 * made when a secret, a machine, the tailnet or what Cloudflare has stands against it.
 */
export async function deploySite(
  name: string,
  config: SiteConfig,
  deps: SiteDeps = {},
): Promise<SiteOutputs> {
  const site = await openSite(name, config, deps.readSecrets);
  const found = await lookAround(site, deps);

  for (const open of openNames(config)) void log.warn(openNotice(open));
  for (const notice of appNotices(config)) void log.warn(notice);

  const machines = deployMachines(site, found);
  const cloudflare = cloudflareProvider(site);
  const identity = deployIdentity(site, cloudflare);
  const cluster = deployCluster(site, machines, { ...found.renewal, identity });
  const definitions = deployDefinitions(site, cluster);
  const kinds = deployMonitoringKinds(site, cluster);
  const running = deployPolicies(site, cluster, deployNetwork(site, cluster));
  const answers = apiAnswers(config);
  const certificates = deployCertificates(site, cluster, {
    ...{ definitions, running, kept: found.kept, answers },
  });
  const dex = await deployDex(site, { definitions, running, certificates, identity });
  const tailnet = deployTailnet(site, cluster, {
    definitions,
    running,
    kinds,
    found: found.tailnet,
  });
  const gateways = deployGateway(site, cluster, { definitions, running, certificates, tailnet });
  const itemNamespaces = deployItems(site, cluster, { definitions, running, found: found.items });
  const storage = deployStorage(site, cluster, { running, kinds });
  const backup = deployBackup(site, { definitions, running, kinds, storage });
  const logins = new Map([
    ...deployPostgres(site, cluster, {
      ...{ definitions, running, certificates, storage, itemNamespaces },
    }),
    ...deployRedis(site, cluster, { definitions, running, storage, answers }),
    ...deployKafka(site, cluster, { definitions, running, storage, gateways }),
    ...deployBuckets(site, cluster, { running, storage, answers }),
  ]);
  deployDns(site, cluster, running);
  const names = deployNames(site, cluster, running);
  const peopleKubeconfig = deployPeople(site, cluster, running, identity);
  const monitoring = await deployMonitoring(site, cluster, { running, kinds, storage, identity });
  deployReceiver(site, cluster, { running, gateways, monitoring });
  deployLogs(site, cluster, { running, storage, monitoring });
  const argocd = deployArgocd(site, cluster, { definitions, running, kinds, identity });
  const custody = custodies(site, cluster, { running, argocd, found: found.handOvers });
  saveClaims(site, backup, [monitoring?.release, argocd?.release]);
  deployReloader(site, running, custody);
  const targets = {
    [monitoringNamespace.name]: monitoring?.release,
    [argocdNamespace.name]: argocd?.release,
    [identityNamespace.name]: dex?.ready,
    [storageNamespace.name]: storage?.ready,
  };
  const routes = deployRoutes(site, cluster, running, gateways, { targets, identity });
  deployApiSignOn(site, cluster, identity, routes);
  const data = deployData(site, { running, storage, kept: found.volumes, backup });
  const devices = deployDevices(site, cluster, running);
  const around = { running, gateways, logins, custody, data, devices };
  const published = [
    ...deployApps(site, cluster, around),
    ...routes.published,
    ...deployTesla(site, cluster, { running, certificates, gateways, logins }),
  ];
  const serviceTokens = deployEdge(site, cluster, { publish: published, running, cloudflare });
  deployProbes(site, { running, monitoring, serviceTokens });

  return {
    site: name,
    version: config.cluster.version,
    vip: config.cluster.vip,
    nodes: config.machines.map(({ name: node, role, address }) => ({ name: node, role, address })),
    ...routerOutputs(site),
    ...(names === undefined ? {} : { names }),
    published: published.map(({ hostname }) => `https://${hostname}`),
    exposure: siteExposure(config).map((one) => {
      const { host, to, backend, tls } = one;
      return { host, to, backend, tls, passes: passes(one) };
    }),
    serviceTokens,
    kubeconfig: cluster.kubeconfig,
    ...(peopleKubeconfig === undefined ? {} : { peopleKubeconfig }),
    ...(dex === undefined ? {} : { peoplePasswords: dex.passwords }),
    certificates: { ends: cluster.certificatesEnd, renewed: found.renewal.renews },
    serverToken: cluster.serverToken,
    sshPrivateKey: machines.privateKey,
    knownHosts: machines.knownHosts,
  };
}

/** What a run says of a name that everybody reaches: each time, for as long as it is so. */
function openNotice({
  host,
  port,
  backend,
  from,
  withoutAccess = "",
  forwardedTo,
}: Exposed): string {
  const way =
    forwardedTo === undefined
      ? ""
      : `; it needs TCP ${port} of your router forwarded to ${forwardedTo}:${port}, and no other port`;
  return `${host} is open to everybody on the internet, without Access: ${withoutAccess} (${from}, leads to ${backend})${way}`;
}

/** What the owners of the routers load there; a password makes a text secret. */
function routerOutputs(site: Site): Pick<SiteOutputs, "router" | "routers"> {
  const configs = routerPlans(site).map((plan) => {
    const config = routerConfig(plan);
    return [plan.routerAddress, plan.password === undefined ? config : secret(config)] as const;
  });
  const [first] = configs;
  if (first === undefined) return {};
  return {
    router: first[1],
    ...(configs.length > 1 ? { routers: Object.fromEntries(configs) } : {}),
  };
}
