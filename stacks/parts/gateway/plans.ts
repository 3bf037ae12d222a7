import type {
  GatewayName,
  GatewayPlan,
  WildcardCertificate,
} from "../../../components/gateway/plan.ts";
import type { SiteConfig } from "../../schema.ts";

type Gateway = NonNullable<SiteConfig["gateway"]>;

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
 * Certificates for every domain, by which gateways are judged before anything is made: with HTTPS, whether or not the
 * site has certificates.
 */
export function judged(gateway: Gateway): readonly WildcardCertificate[] {
  return domainsOf("lan", gateway).map((domain) => ({
    domain,
    secret: { namespace: "certificates", name: domain },
  }));
}

/**
 * The port of a listener inside of the proxies' pods, which may not bind those below 1024.
 * @see https://github.com/envoyproxy/gateway/blob/v1.9.1/internal/gatewayapi/listener.go servicePortToContainerPort
 */
export const inPod = (port: number): number => (port < 1024 ? port + 10_000 : port);
