import type { Provider } from "@pulumi/cloudflare/provider.js";
import { all, output, unsecret, type Output, type Resource } from "@pulumi/pulumi";
import { SignOn } from "../../../components/edge/sign-on.ts";
import type { SignOnClient } from "../../../components/identity/client.ts";
import { DexLogins } from "../../../components/identity/logins.ts";
import { domainAbove } from "../../../components/names/names.ts";
import { peopleKubeconfig } from "../../../components/people/kubeconfig.ts";
import { LaterSignOn } from "../../../components/people/api-sign-on.ts";
import { PeopleRights } from "../../../components/people/rights.ts";
import type { RunningCluster } from "../../../components/workload/running-cluster.ts";
import type { Site } from "../../open-site.ts";
import type { SiteCertificates } from "../certificates/deploy.ts";
import type { SiteCluster } from "../cluster/deploy.ts";
import type { SiteDefinitions } from "../definitions/deploy.ts";
import type { SiteRoutes } from "../gateway/deploy.ts";
import { routesTo } from "../gateway/leading.ts";
import { dexTarget } from "./checks.ts";
import { named, persons } from "./people.ts";
import { serviceOf, services } from "./services.ts";

/** What Grafana, Argo CD, kubectl and proxies show to the provider, as far as people sign on to them. */
export interface SiteIdentity {
  readonly grafana?: SignOnClient;
  readonly argocd?: SignOnClient;
  readonly kubernetes?: SignOnClient;
  /** By the name of the route. */
  readonly routes: Readonly<Record<string, SignOnClient>>;
  /** Of the provider in the cluster, where there is one. */
  readonly logins?: DexLogins;
}

/** Makes the clients at the provider, where the config has people sign on. */
export function deployIdentity(site: Site, cloudflare: Provider | undefined): SiteIdentity {
  const { identity } = site.config;
  const logins = dexLogins(site);
  const clients = logins?.clients ?? accessClients(site, cloudflare);
  const { grafana, argocd, kubernetes } = clients;
  return {
    ...(grafana === undefined ? {} : { grafana }),
    ...(argocd === undefined ? {} : { argocd }),
    ...(kubernetes === undefined ? {} : { kubernetes }),
    routes: Object.fromEntries(
      Object.keys(identity?.routes ?? {}).flatMap((route) => {
        const client = clients[serviceOf(route)];
        return client === undefined ? [] : [[route, client]];
      }),
    ),
    ...(logins === undefined ? {} : { logins }),
  };
}

type Clients = Readonly<Record<string, SignOnClient>>;

function accessClients({ name, config }: Site, cloudflare: Provider | undefined): Clients {
  const { identity, edge } = config;
  if (identity === undefined || edge?.team === undefined || cloudflare === undefined) return {};
  const { accountId, team } = edge;
  const { session } = identity;
  const { clients } = new SignOn(
    `${name}-sign-on`,
    { site: name, accountId, team, session, services: services(config) },
    { providers: [cloudflare] },
  );
  return clients;
}

function dexLogins({ name, config, secrets }: Site): DexLogins | undefined {
  const { identity, network } = config;
  if (identity?.dex === undefined) return undefined;
  const { hostname, passwordHashes } = identity.dex;
  return new DexLogins(`${name}-sign-on`, {
    ...{ hostname, clusterDomain: network.clusterDomain, services: services(config) },
    people: named(identity),
    chosen: Object.fromEntries(
      Object.entries(passwordHashes).map(([email, ref]) => [email, secrets.get(ref)]),
    ),
  });
}

/** What the provider in the cluster finds there. */
export interface IdentitySurroundings {
  readonly definitions: SiteDefinitions;
  readonly running: RunningCluster;
  readonly certificates: SiteCertificates | undefined;
  readonly identity: SiteIdentity;
}

/** Dex, for what leads to it, and the passwords that nobody chose. */
export interface SiteDex {
  readonly ready: Resource;
  /** By address; secret. */
  readonly passwords: Output<Readonly<Record<string, string>>>;
}

/** Runs the provider in the cluster, where the config has it. */
export async function deployDex(
  { name, config }: Site,
  { definitions, running, certificates, identity: { logins } }: IdentitySurroundings,
): Promise<SiteDex | undefined> {
  const { identity, people, gateway, network } = config;
  if (identity?.dex === undefined || logins === undefined) return undefined;
  const { hostname, version, replicas } = identity.dex;
  // Every file that is read slows each run: a site without it reads none of these.
  const { Dex } = await import("../../../components/identity/dex.ts");
  const { ready } = new Dex(
    `${name}-dex`,
    {
      ...{ version, replicas, clusterDomain: network.clusterDomain },
      plan: {
        ...{ hostname, session: identity.session },
        people: persons(identity, people),
        services: services(config),
      },
      hashes: logins.hashes,
      clients: Object.fromEntries(
        Object.entries(logins.clients).map(([id, { clientSecret }]) => [id, clientSecret]),
      ),
      askedFrom: [
        ...new Set(
          Object.keys(identity.routes).flatMap((route) => gateway?.routes[route]?.namespace ?? []),
        ),
      ],
    },
    {
      providers: [running.kubernetes],
      dependsOn: [
        ...[running.ready, definitions.dex, definitions.gatewayApi, certificates?.ready],
      ].filter((step) => step !== undefined),
    },
  );
  return { ready, passwords: all(logins.passwords) };
}

/**
 * Gives people their rights at the Kubernetes API, where they sign on to it, and returns what kubectl needs of it; no secret is
 * in there.
 */
export function deployPeople(
  { name, config }: Site,
  { kubeconfig }: Pick<SiteCluster, "kubeconfig">,
  { ready, kubernetes }: RunningCluster,
  { kubernetes: client }: SiteIdentity,
): Output<string> | undefined {
  const rights = config.identity?.kubernetes;
  if (rights === undefined || client === undefined) return undefined;
  new PeopleRights(`${name}-people`, rights, { providers: [kubernetes], dependsOn: [ready] });
  return unsecret(
    all([kubeconfig, client.issuer, client.clientId]).apply(([own, issuer, clientId]) =>
      peopleKubeconfig(own, name, { issuer, clientId }),
    ),
  );
}

/** Tells the API servers of a provider in the cluster, once it answers by its name. */
export function deployApiSignOn(
  { name, config }: Site,
  { nodes }: Pick<SiteCluster, "nodes">,
  { kubernetes: client }: SiteIdentity,
  { accepted }: Pick<SiteRoutes, "accepted">,
): void {
  const { identity, gateway, certificates } = config;
  if (identity?.dex === undefined || client === undefined) return;
  const { hostname } = identity.dex;
  const zone = domainAbove(hostname);
  const certificate = certificates?.planned.find(({ names }) => names.includes(`*.${zone}`));
  new LaterSignOn(`${name}-api-sign-on`, {
    servers: nodes.filter(({ role }) => role === "server"),
    signOn: output({ issuer: client.issuer, clientId: client.clientId }),
    ownAuthority: certificate?.issuer === "internal",
    after: routesTo(gateway, hostname, dexTarget).flatMap(([route]) => accepted[route] ?? []),
  });
}
