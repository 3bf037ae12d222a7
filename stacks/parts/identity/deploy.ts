import type { Provider } from "@pulumi/cloudflare/provider.js";
import { argocdRedirect } from "../../../components/argocd/names.ts";
import { SignOn, type SignOnClient, type SignOnService } from "../../../components/edge/sign-on.ts";
import { routeRedirect } from "../../../components/gateway/sign-on.ts";
import { grafanaRedirect } from "../../../components/monitoring/sign-on.ts";
import type { Site } from "../../open-site.ts";
import type { SiteConfig } from "../../schema.ts";

/** What Grafana, Argo CD and proxies show to the provider, as far as people sign on to them. */
export interface SiteIdentity {
  readonly grafana?: SignOnClient;
  readonly argocd?: SignOnClient;
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
  const { grafana, argocd } = clients;
  return {
    ...(grafana === undefined ? {} : { grafana }),
    ...(argocd === undefined ? {} : { argocd }),
    routes: Object.fromEntries(
      Object.keys(identity.routes).flatMap((route) => {
        const client = clients[serviceOf(route)];
        return client === undefined ? [] : [[route, client]];
      }),
    ),
  };
}

function services({
  identity,
  argocd,
  gateway,
}: SiteConfig): Readonly<Record<string, SignOnService>> {
  const { grafana: ofGrafana, argocd: ofArgocd } = identity ?? {};
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
