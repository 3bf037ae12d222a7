import type { Provider } from "@pulumi/cloudflare/provider.js";
import { argocdRedirect } from "../../../components/argocd/names.ts";
import { SignOn, type SignOnClient, type SignOnService } from "../../../components/edge/sign-on.ts";
import { grafanaRedirect } from "../../../components/monitoring/sign-on.ts";
import type { Site } from "../../open-site.ts";
import type { SiteConfig } from "../../schema.ts";

/** What Grafana and Argo CD show to the provider, as far as people sign on to them. */
export interface SiteIdentity {
  readonly grafana?: SignOnClient;
  readonly argocd?: SignOnClient;
}

/** Makes the clients at Access, where the config has people sign on. */
export function deployIdentity(
  { name, config }: Site,
  cloudflare: Provider | undefined,
): SiteIdentity {
  const { identity, edge } = config;
  if (identity === undefined || edge?.team === undefined || cloudflare === undefined) return {};
  const { accountId, team } = edge;
  const { session } = identity;
  return new SignOn(
    `${name}-sign-on`,
    { site: name, accountId, team, session, services: services(config) },
    { providers: [cloudflare] },
  ).clients;
}

function services({ identity, argocd }: SiteConfig): Readonly<Record<string, SignOnService>> {
  const { grafana: ofGrafana, argocd: ofArgocd } = identity ?? {};
  return {
    ...(ofGrafana === undefined
      ? {}
      : {
          grafana: {
            title: "Grafana",
            url: `https://${ofGrafana.hostname}`,
            redirectUri: grafanaRedirect(ofGrafana.hostname),
            emails: [...ofGrafana.admins, ...ofGrafana.editors, ...ofGrafana.viewers],
          },
        }),
    ...(ofArgocd === undefined || argocd === undefined
      ? {}
      : {
          argocd: {
            title: "Argo CD",
            url: `https://${argocd.hostname}`,
            redirectUri: argocdRedirect(argocd.hostname),
            emails: [...ofArgocd.admins, ...ofArgocd.readers],
          },
        }),
  };
}
