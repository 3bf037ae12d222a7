import type { Resource } from "@pulumi/pulumi";
import { PostgresCluster } from "../../../components/postgres/cluster.ts";
import { PostgresOperator } from "../../../components/postgres/operator.ts";
import type { ClusterPlan } from "../../../components/postgres/plan.ts";
import { makeNamespace } from "../../../components/workload/namespace.ts";
import type { StoreLogin } from "../../../components/workload/login.ts";
import type { RunningCluster } from "../../../components/workload/running-cluster.ts";
import { storeKey } from "../../config/s3-store.ts";
import { givenPasswords } from "../../logins/passwords.ts";
import type { SiteLogins } from "../../logins/told.ts";
import type { Site } from "../../open-site.ts";
import type { SiteCertificates } from "../certificates/deploy.ts";
import type { SiteCluster } from "../cluster/deploy.ts";
import type { SiteDefinitions } from "../definitions/deploy.ts";
import { podHosts } from "../machines/nodes.ts";
import type { SiteStorage } from "../storage/deploy.ts";
import { loginNamespaces } from "./login-namespaces.ts";
import { clusterPlan } from "./plan.ts";
import type { PostgresConfig } from "./schema.ts";
import { databaseAddress } from "./stores.ts";

/** What the parts before it have made. */
export interface PostgresSurroundings {
  readonly definitions: SiteDefinitions;
  readonly running: RunningCluster;
  readonly certificates: SiteCertificates | undefined;
  readonly storage: SiteStorage | undefined;
  /** Namespaces of 1Password's items, by name. */
  readonly itemNamespaces: ReadonlyMap<string, Resource>;
}

/** Runs the site's Postgres clusters, where the config has the part; returns the logins of their databases by address. */
export function deployPostgres(
  site: Site,
  { nodes: [server] }: SiteCluster,
  { definitions, running, certificates, storage, itemNamespaces }: PostgresSurroundings,
): SiteLogins {
  const { name, config, secrets } = site;
  const { postgres } = config;
  if (postgres === undefined) return new Map();
  const { ready, kubernetes } = running;
  const before = [definitions.cloudNativePg, definitions.barmanCloud, certificates?.ready];
  const operator = new PostgresOperator(
    `${name}-postgres`,
    {
      charts: postgres.charts,
      replicas: Math.min(2, podHosts(config.machines).size),
      after: before.filter((step) => step !== undefined),
    },
    { providers: [kubernetes], dependsOn: [ready] },
  );
  const consumers = new Map(itemNamespaces);
  for (const plan of loginNamespaces(
    postgres,
    [...consumers.keys()].map((one) => ({ name: one })),
  ))
    consumers.set(
      plan.name,
      makeNamespace(`${name}-${plan.name}-namespace`, plan, {
        provider: kubernetes,
        dependsOn: [ready],
      }),
    );
  const stores = new Map<string, Resource>();
  const all = new Map<string, StoreLogin>();
  for (const cluster of inOrder(postgres)) {
    const written = postgres.clusters[cluster.name];
    const s3 = written?.backup?.s3;
    const source = stores.get(cluster.recover?.from ?? "");
    const { store, logins } = new PostgresCluster(
      `postgres-${cluster.name}`,
      {
        plan: cluster,
        passwords: givenPasswords(secrets, written?.roles ?? {}),
        ...(s3 === undefined ? {} : { storeKey: storeKey(secrets, s3) }),
        clusterDomain: config.network.clusterDomain,
        consumers,
        server,
        after: [
          operator.ready,
          operator.namespace,
          ...(storage === undefined ? [] : [storage.ready]),
          ...(source === undefined ? [] : [source]),
        ],
      },
      { providers: [kubernetes], dependsOn: [ready] },
    );
    if (store !== undefined) stores.set(cluster.name, store);
    for (const [database, login] of logins) all.set(databaseAddress(cluster.name, database), login);
  }
  return all;
}

/** Clusters that are recovered from another one's store after it. */
function inOrder({ clusters }: PostgresConfig): readonly ClusterPlan[] {
  const plans = Object.entries(clusters).map(([name, cluster]) => clusterPlan(name, cluster));
  const follows = ({ name, recover }: ClusterPlan) =>
    recover !== undefined && recover.from !== name;
  return [...plans.filter((one) => !follows(one)), ...plans.filter(follows)];
}
