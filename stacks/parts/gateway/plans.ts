import {
  httpsListener,
  type GatewayName,
  type GatewayPlan,
  type WildcardCertificate,
} from "../../../components/gateway/plan.ts";
import { domainAbove } from "../../../components/names/names.ts";
import type { Parent } from "../../../components/gateway/routes.ts";
import type { SiteConfig } from "../../schema.ts";
import type { RouteConfig } from "./route-schema.ts";

type Gateway = NonNullable<SiteConfig["gateway"]>;

/** Name in the tailnet of the device that leads to the gateway `internal`. */
export const gatewayDevice = (site: string): string => `${site}-gateway`;

/** The gateways that a site has; `certificates` are those whose Secrets listeners name. */
export function gatewayPlans(
  { lan, internal, domains }: Gateway,
  certificates: readonly WildcardCertificate[],
): readonly GatewayPlan[] {
  return [
    { name: "lan", certificates, ...lan },
    ...(internal.enabled
      ? [{ name: "internal" as const, certificates, listeners: internal.listeners }]
      : []),
    // Cloudflare ends TLS for the internet, and cloudflared speaks with it alone.
    ...(domains.public === undefined
      ? []
      : [{ name: "public" as const, certificates: [], listeners: [] }]),
  ];
}

/** Domains whose names a gateway answers to. */
export function domainsOf(gateway: GatewayName, { domains }: Gateway): readonly string[] {
  const known = domains.public === undefined ? [] : [domains.public];
  return gateway === "public" ? known : [domains.private, ...known];
}

/**
 * Certificates for every domain and for the wildcards that a site has besides, by which gateways are judged before anything is
 * made: with HTTPS, whether or not the site has certificates.
 */
export function judged(
  gateway: Gateway,
  certificates: SiteConfig["certificates"],
): readonly WildcardCertificate[] {
  const further = (certificates?.planned ?? []).flatMap(({ names }) => wildcardDomains(names));
  return [...new Set([...domainsOf("lan", gateway), ...further])].map((domain) => ({
    domain,
    secret: { namespace: "certificates", name: domain },
  }));
}

/** Domains whose names the wildcards among a certificate's names are for. */
export const wildcardDomains = (names: readonly string[]): readonly string[] =>
  names.filter((name) => name.startsWith("*.")).map(domainAbove);

/** Whether a wildcard certificate is for a name: one label is all that stands for its star (RFC 6125, 6.4.3). */
export const covers = ({ domain }: WildcardCertificate, name: string): boolean =>
  domainAbove(name) === domain;

/**
 * The port of a listener inside of the proxies' pods, which may not bind those below 1024.
 * @see https://github.com/envoyproxy/gateway/blob/v1.9.1/internal/gatewayapi/listener.go servicePortToContainerPort
 */
export const inPod = (port: number): number => (port < 1024 ? port + 10_000 : port);

/**
 * Listeners that a route of HTTP attaches to: the one that it names, else those with HTTPS for its names. A route that named
 * no listener would attach to the one for HTTP too, whose redirect has no names and so gives way to every route that has:
 * what is asked for in the clear would be answered so. Where there is no HTTPS it attaches to what its names fit.
 * @see https://gateway-api.sigs.k8s.io/reference/spec/#parentreference sectionName
 */
export function httpParents(
  { gateway, listener, hostnames }: Pick<RouteConfig, "gateway" | "listener" | "hostnames">,
  plans: readonly GatewayPlan[],
): readonly Parent[] {
  const { certificates = [] } = plans.find(({ name }) => name === gateway) ?? {};
  const encrypted = certificates.filter((one) => hostnames.some((name) => covers(one, name)));
  if (listener !== undefined || encrypted.length === 0) return [{ gateway, listener }];
  return encrypted.map(({ domain }) => ({ gateway, listener: httpsListener(domain) }));
}
