import type { Provider } from "@pulumi/cloudflare/provider.js";
import { all, unsecret, type Output } from "@pulumi/pulumi";
import { argocdRedirect } from "../../../components/argocd/names.ts";
import { SignOn, type SignOnClient, type SignOnService } from "../../../components/edge/sign-on.ts";
import { routeRedirect } from "../../../components/gateway/sign-on.ts";
import { grafanaRedirect } from "../../../components/monitoring/sign-on.ts";
import { kubeloginRedirects, peopleKubeconfig } from "../../../components/people/kubeconfig.ts";
import { PeopleRights } from "../../../components/people/rights.ts";
import type { RunningCluster } from "../../../components/workload/running-cluster.ts";
import type { Site } from "../../open-site.ts";
import type { SiteConfig } from "../../schema.ts";
import type { SiteCluster } from "../cluster/deploy.ts";

/** What Grafana, Argo CD, kubectl and proxies show to the provider, as far as people sign on to them. */
export interface SiteIdentity {
  readonly grafana?: SignOnClient;
  readonly argocd?: SignOnClient;
  readonly kubernetes?: SignOnClient;
  /** By the name of the route. */
  readonly routes: Readonly<Record<string, SignOnClient>>;
}

/** How a route is called among the services. */
const serviceOf = (route: string): string => `route-${route}`;

/** Makes the clients at Access, where the config has people sign on. */
export function deployIdentity(
  { name, config }: Site,
  cloudflare: Provider | undefined,
): SiteIdentity {
  const { identity, edge } = config;
  if (identity === undefined || edge?.team === undefined || cloudflare === undefined)
    return { routes: {} };
  const { accountId, team } = edge;
  const { session } = identity;
  const { clients } = new SignOn(
    `${name}-sign-on`,
    { site: name, accountId, team, session, services: services(config) },
    { providers: [cloudflare] },
  );
  const { grafana, argocd, kubernetes } = clients;
  return {
    ...(grafana === undefined ? {} : { grafana }),
    ...(argocd === undefined ? {} : { argocd }),
    ...(kubernetes === undefined ? {} : { kubernetes }),
    routes: Object.fromEntries(
      Object.keys(identity.routes).flatMap((route) => {
        const client = clients[serviceOf(route)];
        return client === undefined ? [] : [[route, client]];
      }),
    ),
  };
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

function services({
  identity,
  argocd,
  gateway,
  cluster,
}: SiteConfig): Readonly<Record<string, SignOnService>> {
  const { grafana: ofGrafana, argocd: ofArgocd, kubernetes: ofKubernetes } = identity ?? {};
  return {
    ...(ofGrafana === undefined
      ? {}
      : {
          grafana: {
            title: "Grafana",
            url: `https://${ofGrafana.hostname}`,
            redirectUris: [grafanaRedirect(ofGrafana.hostname)],
            emails: [...ofGrafana.admins, ...ofGrafana.editors, ...ofGrafana.viewers],
          },
        }),
    ...(ofArgocd === undefined || argocd === undefined
      ? {}
      : {
          argocd: {
            title: "Argo CD",
            url: `https://${argocd.hostname}`,
            redirectUris: [argocdRedirect(argocd.hostname)],
            emails: [...ofArgocd.admins, ...ofArgocd.readers],
          },
        }),
    ...(ofKubernetes === undefined
      ? {}
      : {
          kubernetes: {
            title: "Kubernetes",
            url: `https://${cluster.vip}:6443`,
            redirectUris: kubeloginRedirects,
            emails: [...ofKubernetes.admins, ...ofKubernetes.readers],
            onPeoplesMachines: true,
          },
        }),
    ...Object.fromEntries(
      Object.entries(identity?.routes ?? {}).map(([route, emails]) => {
        const hostnames = gateway?.routes[route]?.hostnames ?? [];
        const url = `https://${hostnames[0] ?? ""}`;
        return [
          serviceOf(route),
          { title: route, url, redirectUris: hostnames.map(routeRedirect), emails },
        ];
      }),
    ),
  };
}
