import { dexService, identityNamespace } from "../../../components/identity/names.ts";
import { grafanaService, monitoringNamespace } from "../../../components/monitoring/names.ts";
import type { Problem } from "../../../components/problem.ts";
import { signOnMinor } from "../../../components/rke2/authentication.ts";
import { releaseOf } from "../../../components/rke2/version-step.ts";
import type { SiteConfig } from "../../schema.ts";
import { routesTo } from "../gateway/leading.ts";
import { named } from "./people.ts";
import type { IdentityConfig } from "./schema.ts";

const path = "homelab:identity";

/** There is a provider, what people sign on to is there and its name leads there, and somebody may. */
export function checkIdentity(config: SiteConfig): readonly Problem[] {
  const { identity } = config;
  if (identity === undefined) return [];
  return [
    ...provider(config),
    ...asked(identity),
    ...grafana(config, identity),
    ...argocd(config, identity),
    ...kubernetes(config, identity),
    ...routes(config, identity),
  ];
}

function provider(config: SiteConfig): readonly Problem[] {
  const { edge, identity } = config;
  if (identity?.dex !== undefined) return inCluster(config, identity.dex, named(identity));
  if (edge === undefined) {
    const text =
      "people sign on by Cloudflare Access, and the site has no homelab:edge; add it, or write homelab:identity.dex for a provider in the cluster";
    return [{ path, text }];
  }
  if (edge.team !== undefined) return [];
  const text =
    "is missing, and homelab:identity needs it: people sign on at TEAM.cloudflareaccess.com";
  return [{ path: "homelab:edge.team", text }];
}

/** Where a route to Dex leads. */
export const dexTarget = {
  namespace: identityNamespace.name,
  service: dexService.name,
  port: dexService.port,
} as const;

/** Its name leads to it on the LAN, where pods and machines ask by that name as well; its certificates are signed and renewed. */
function inCluster(
  { gateway, certificates, reloader }: SiteConfig,
  { hostname, passwordHashes }: NonNullable<IdentityConfig["dex"]>,
  people: readonly string[],
): readonly Problem[] {
  const at = `${path}.dex`;
  const { namespace, service, port } = dexTarget;
  const here = routesTo(gateway, hostname, dexTarget);
  const whole = here.some(
    ([, { gateway: name, path: below }]) => name === "lan" && below === undefined,
  );
  return [
    ...(certificates === undefined
      ? [
          {
            path: at,
            text: "needs certificates of its own, and the site has no homelab:certificates; switch it on, or remove this",
          },
        ]
      : []),
    ...(reloader === undefined
      ? [
          {
            path: at,
            text: "has to begin anew with each certificate of its own, and the site has no homelab:reloader; switch it on, or remove this",
          },
        ]
      : []),
    ...(whole
      ? []
      : [
          {
            path: `${at}.hostname`,
            text: `${hostname} does not lead to it on the LAN; write a route in homelab:gateway.routes at the gateway lan with this name, without a path, to the Service ${service} in ${namespace}, port ${port}`,
          },
        ]),
    ...Object.entries(gateway?.routes ?? {})
      .filter(
        ([, route]) =>
          route.namespace === namespace &&
          route.service === service &&
          route.gateway === "public" &&
          route.withoutAccess !== undefined,
      )
      .map(([name]) => ({
        path: `homelab:gateway.routes.${name}.withoutAccess`,
        text: "the whole internet could try passwords at Dex, which limits no attempts; put access in front, or take the route away: whoever signs on at home or by the tailnet needs none",
      })),
    ...Object.keys(passwordHashes)
      .filter((email) => !people.includes(email))
      .map((email) => ({
        path: `${at}.passwordHashes.${email}`,
        text: `${email} is in no group that signs on; name the group under homelab:identity, correct the address, or remove it`,
      })),
  ];
}

function asked(identity: IdentityConfig): readonly Problem[] {
  const { routes: more, grafana: ofGrafana, argocd: ofArgocd, kubernetes: ofKubernetes } = identity;
  const some = [ofGrafana, ofArgocd, ofKubernetes];
  if (some.some((one) => one !== undefined) || Object.keys(more).length > 0) return [];
  const text =
    "says not what people sign on to; write grafana, argocd, kubernetes or routes, or remove it";
  return [{ path, text }];
}

function grafana(
  { monitoring, gateway }: SiteConfig,
  { grafana: plan }: IdentityConfig,
): readonly Problem[] {
  if (plan === undefined) return [];
  const at = `${path}.grafana`;
  if (monitoring === undefined)
    return [
      { path: at, text: "Grafana is part of homelab:monitoring, which the site does not have" },
    ];
  const { hostname, admins, editors, viewers } = plan;
  const { name: namespace } = monitoringNamespace;
  const { name: service, port } = grafanaService;
  const here = routesTo(gateway, hostname, { namespace, service, port });
  return [
    ...(here.length > 0
      ? []
      : [
          {
            path: `${at}.hostname`,
            text: `${hostname} leads nowhere; write a route in homelab:gateway.routes with this name to the Service ${service} in ${namespace}, port ${port}`,
          },
        ]),
    ...(admins.length + editors.length + viewers.length > 0
      ? []
      : [{ path: at, text: "names nobody; give it groups of homelab:people, or remove it" }]),
  ];
}

function argocd(
  { argocd: part }: SiteConfig,
  { argocd: plan }: IdentityConfig,
): readonly Problem[] {
  if (plan === undefined) return [];
  const at = `${path}.argocd`;
  if (part === undefined)
    return [{ path: at, text: "the site has no homelab:argocd that people could sign on to" }];
  return [
    ...(part.signOn === undefined
      ? []
      : [
          {
            path: "homelab:argocd.signOn",
            text: "homelab:identity.argocd says it too, and Argo CD knows one provider; remove one of them",
          },
        ]),
    ...(plan.admins.length + plan.readers.length > 0
      ? []
      : [{ path: at, text: "names nobody; give it groups of homelab:people, or remove it" }]),
  ];
}

/** Releases before have another version of the API servers' config, and one that cannot be read says nothing of its release. */
function kubernetes(
  { cluster }: SiteConfig,
  { kubernetes: plan }: IdentityConfig,
): readonly Problem[] {
  if (plan === undefined) return [];
  const at = `${path}.kubernetes`;
  const [minor = signOnMinor] = releaseOf(cluster.version) ?? [];
  return [
    ...(minor >= signOnMinor
      ? []
      : [
          {
            path: at,
            text: `needs RKE2 v1.${signOnMinor} or newer, and homelab:versions.rke2 is ${cluster.version}; upgrade first, or remove it`,
          },
        ]),
    ...(plan.admins.length + plan.readers.length > 0
      ? []
      : [{ path: at, text: "names nobody; give it groups of homelab:people, or remove it" }]),
  ];
}

/** As many values has a claim of the controller's policies (gateway, api/v1alpha1/authorization_types.go, JWTClaim). */
const mostPeople = 128;

/** Proxies ask for a login where requests are of http, by https, and where Access does not stand in front. */
function routes(
  { gateway, certificates }: SiteConfig,
  { routes: all }: IdentityConfig,
): readonly Problem[] {
  return Object.entries(all).flatMap(([name, emails]) => {
    const at = `${path}.routes.${name}`;
    const route = gateway?.routes[name];
    if (route === undefined) {
      const known = Object.keys(gateway?.routes ?? {}).join(", ") || "none";
      const text = `${name} is no route of homelab:gateway.routes; known are ${known}`;
      return [{ path: at, text }];
    }
    const texts = [
      route.kind === "http"
        ? undefined
        : `hands on ${route.kind}, and people sign on by http alone; remove it`,
      route.namespace === identityNamespace.name
        ? "leads to Dex, which nobody can sign on to before; remove it"
        : undefined,
      route.gateway === "public"
        ? "stands behind Access already; name people in homelab:edge.access, and remove it"
        : undefined,
      route.path === undefined || route.path === "/"
        ? undefined
        : `is for ${route.path} alone, and people are sent back to another path; take path out of the route, or remove it`,
      certificates === undefined
        ? "needs https, and the site has no homelab:certificates; switch it on, or remove it"
        : undefined,
      emails.length > mostPeople
        ? `names ${emails.length} people, and a policy takes ${mostPeople}; use smaller groups`
        : undefined,
    ];
    return texts.flatMap((text) => (text === undefined ? [] : [{ path: at, text }]));
  });
}
