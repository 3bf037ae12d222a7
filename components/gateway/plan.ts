import type { NamespacePlan } from "../workload/namespace.ts";

/** Namespace of the controller, of the gateways and of their proxies. */
export const gatewayNamespace = {
  name: "envoy-gateway-system",
  security: "restricted",
} as const satisfies NamespacePlan;

/** The class of all gateways. */
export const gatewayClass = "envoy";

/** Whom a gateway is for: the LAN, the tailnet, or the internet behind cloudflared. */
export type GatewayName = "lan" | "internal" | "public";

/** A wildcard certificate and the Secret that holds it. */
export interface WildcardCertificate {
  /** Domain whose names it is for, without `*.`. */
  readonly domain: string;
  readonly secret: { readonly namespace: string; readonly name: string };
}

/** What a gateway listens to besides HTTP and HTTPS. */
export interface ListenerPlan {
  readonly name: string;
  readonly port: number;
  /** `tls` is passed through to the backend that the name in the handshake chooses. */
  readonly protocol: "tls" | "tcp" | "udp";
  /** Names that are taken, all when left out; of `tls` only. */
  readonly hostname?: string | undefined;
}

export interface GatewayPlan {
  readonly name: GatewayName;
  /** Address of its LoadBalancer service; the pool chooses when left out. */
  readonly address?: string | undefined;
  readonly certificates: readonly WildcardCertificate[];
  readonly listeners: readonly ListenerPlan[];
}

/** How many proxies a gateway has, as its load asks. */
export interface ProxyScale {
  readonly min: number;
  readonly max: number;
}

/** Name of the proxies' Service and Deployment of a gateway; without it the controller would add a hash. */
export function proxyName(gateway: GatewayName): string {
  return `envoy-${gateway}`;
}

/** Name of that Service in the cluster. */
export function proxyHost(gateway: GatewayName, clusterDomain: string): string {
  return `${proxyName(gateway)}.${gatewayNamespace.name}.svc.${clusterDomain}`;
}

/** Where the tunnel leads for what the gateway `public` routes. */
export function publicService(clusterDomain: string): string {
  return `http://${proxyHost("public", clusterDomain)}:80`;
}

/** Name of a listener with a wildcard certificate: `https-home-arpa`. */
export function httpsListener(domain: string): string {
  return `https-${domain.replaceAll(".", "-")}`;
}

/** Name of every gateway's listener for HTTP. */
export const httpListener = "http";
