import { argocdRedirect } from "../../../components/argocd/names.ts";
import { routeRedirect } from "../../../components/gateway/sign-on.ts";
import type { SignOnService } from "../../../components/identity/client.ts";
import { grafanaRedirect } from "../../../components/monitoring/sign-on.ts";
import { kubeloginRedirects } from "../../../components/people/kubeconfig.ts";
import type { SiteConfig } from "../../schema.ts";

/** How a route is called among the services. */
export const serviceOf = (route: string): string => `route-${route}`;

/** What people of a site sign on to, each with who may. */
export function services({
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
