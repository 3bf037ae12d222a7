/** Everything by which a site is reached from outside of its cluster, as one table: a page and a stack output show it. */
import { doorOf } from "../../components/edge/public-name.ts";
import { bootstrapService, kafkaNamespace, ports } from "../../components/kafka/names.ts";
import { httpListener } from "../../components/gateway/plan.ts";
import { monitoringNamespace, prometheus } from "../../components/monitoring/names.ts";
import { writePath } from "../../components/monitoring/remote-write.ts";
import { keptApps } from "../apps/data/volumes.ts";
import { appNames, gatewayOf } from "../apps/names.ts";
import type { Audience } from "../apps/expose-schema.ts";
import { covers, judged } from "../parts/gateway/plans.ts";
import type { RouteConfig } from "../parts/gateway/route-schema.ts";
import { outsideNames } from "../parts/kafka/outside.ts";
import { teslaExposure } from "../parts/tesla/names.ts";
import type { SiteConfig } from "../schema.ts";

/** A name or port, and what stands behind it. */
export interface Exposed {
  /** The name; of TCP and UDP the listener instead, which has none. */
  readonly host: string;
  readonly to: Audience;
  readonly protocol: "http" | "tls" | "tcp" | "udp";
  /** Port at which it is asked. */
  readonly port: number;
  /** Beginning of paths that lead there, where not all do. */
  readonly path?: string;
  /** What answers: an application by its name, or `NAMESPACE/SERVICE:PORT`. */
  readonly backend: string;
  /** Names of Access policies. */
  readonly access: readonly string[];
  /** Why everybody on the internet passes. */
  readonly withoutAccess?: string;
  /** Networks of the clients that may use it. */
  readonly allow?: readonly string[];
  /** Who ends TLS, if anybody does: Cloudflare, the gateway by a certificate for these names, or what answers. */
  readonly tls: "Cloudflare" | `*.${string}` | "backend" | "none";
  /** Address to which the router at home forwards the port of a name that is public past Cloudflare. */
  readonly forwardedTo?: string;
  /** Whether somebody is told where it is: the internet, or whoever asks for the site's names. */
  readonly named: boolean;
  /** Whether it is reached past the gateways and the tunnel, at an address of the application's own. */
  readonly direct?: true;
  /** Config path. */
  readonly from: string;
}

const audienceOf = { lan: "lan", internal: "tailnet", public: "public" } as const;

/** Everything that a site exposes: names of applications and their addresses, routes, Kafka's, Tesla's, and other sites' metrics. */
export function siteExposure(config: SiteConfig): readonly Exposed[] {
  return [
    ...applications(config),
    ...balancers(config),
    ...routes(config),
    ...kafka(config),
    ...teslaExposure(config),
    ...metrics(config),
  ];
}

/** Names that everybody on the internet reaches, each once. */
export function openNames(config: SiteConfig): readonly Exposed[] {
  const open = siteExposure(config).filter(({ withoutAccess }) => withoutAccess !== undefined);
  return open.filter(({ host }, i) => open.findIndex((one) => one.host === host) === i);
}

function applications(config: SiteConfig): readonly Exposed[] {
  return appNames(config.apps).map(({ app, hostname, to, from, ...door }) => {
    const tls = gatewayOf(to) === undefined ? "Cloudflare" : certificateOf(hostname, config);
    return {
      ...{ host: hostname, to, protocol: "http" as const, backend: app, from, ...doorOf(door) },
      ...{ tls, port: tls === "none" ? 80 : 443, named: isNamed(to, config) },
    };
  });
}

/** Addresses of applications past the gateways. */
function balancers(config: SiteConfig): readonly Exposed[] {
  return keptApps(config).flatMap(({ name, balancer }) =>
    (balancer?.ports ?? []).map(({ port, protocol = "TCP" }): Exposed => ({
      ...{ host: `${balancer?.address ?? ""}:${port}`, to: "lan", port, backend: name },
      protocol: protocol === "TCP" ? "tcp" : "udp",
      ...{ access: [], tls: "backend", named: true, direct: true },
      from: `homelab:apps.${name}.address`,
    })),
  );
}

function routes(config: SiteConfig): readonly Exposed[] {
  return Object.entries(config.gateway?.routes ?? {}).flatMap(
    ([name, route]): readonly Exposed[] => {
      const { gateway, kind, listener, hostnames, namespace, service, port, path, allow } = route;
      const to = audienceOf[gateway];
      const from = `homelab:gateway.routes.${name}`;
      const common = {
        ...{ to, protocol: kind, backend: `${namespace}/${service}:${port}`, ...doorOf(route) },
        ...(path === undefined ? {} : { path }),
        ...(allow === undefined ? {} : { allow }),
      };
      const hosts = kind === "tcp" || kind === "udp" ? [] : hostnames;
      return hosts.length === 0
        ? [
            {
              ...{ ...common, host: `listener ${listener ?? ""}`, tls: "none", named: false, from },
              port: portOf(route, "none", config),
            },
          ]
        : hosts.map((host, i) => {
            const tls = tlsOf(route, host, config);
            return {
              ...{ ...common, host, from: `${from}.hostnames[${i}]`, tls },
              port: portOf(route, tls, config),
              named: isNamed(to, config),
            };
          });
    },
  );
}

/** Where clients of Kafka begin, and its brokers: all end TLS themselves. */
function kafka(config: SiteConfig): readonly Exposed[] {
  return outsideNames(config).map(({ name, gateway, port, cluster, from }) => {
    const to = audienceOf[gateway];
    const backend = `${kafkaNamespace.name}/${bootstrapService(cluster)}:${ports.outside}`;
    return {
      ...{ host: name, to, protocol: "tls" as const, port, backend, access: [] },
      ...{ tls: "backend" as const, named: isNamed(to, config), from },
    };
  });
}

/** Where other sites' Prometheus sends to. */
function metrics({ monitoring }: SiteConfig): readonly Exposed[] {
  if ((monitoring?.receives.length ?? 0) === 0) return [];
  const backend = `${monitoringNamespace.name}/${prometheus.name}:${prometheus.port}`;
  return [
    {
      ...{ host: `listener ${httpListener}`, to: "tailnet", protocol: "http", port: 80 },
      ...{ path: writePath, backend, access: [], tls: "none", named: false },
      from: "homelab:monitoring.receives",
    },
  ];
}

function tlsOf(
  { kind, gateway, listener }: RouteConfig,
  host: string,
  config: SiteConfig,
): Exposed["tls"] {
  if (kind === "tls") return "backend";
  if (gateway === "public") return "Cloudflare";
  return listener === "http" ? "none" : certificateOf(host, config);
}

/** The port of the listener that takes a route; the gateways have HTTP and HTTPS at the usual ones. */
function portOf(
  { gateway: at, listener }: RouteConfig,
  tls: Exposed["tls"],
  { gateway }: SiteConfig,
): number {
  const listeners = at === "public" ? [] : (gateway?.[at].listeners ?? []);
  const found = listeners.find(({ name }) => name === listener);
  return found?.port ?? (tls === "none" ? 80 : 443);
}

/** The wildcard certificate of the gateways' listeners that is for a name. */
function certificateOf(host: string, { certificates, gateway }: SiteConfig): Exposed["tls"] {
  if (certificates === undefined || gateway === undefined) return "none";
  const found = judged(gateway, certificates).find((one) => covers(one, host));
  return found === undefined ? "none" : `*.${found.domain}`;
}

function isNamed(to: Audience, { names, gateway }: SiteConfig): boolean {
  if (to === "public") return true;
  return names !== undefined && (to === "lan" || gateway?.internal.address !== undefined);
}
