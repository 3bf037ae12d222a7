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
