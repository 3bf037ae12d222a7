/** How Dex is called in the cluster: by its objects, by policies and by those who ask it alike. */
import { trustLabel } from "../certificates/cert-manager-values.ts";
import type { NamespacePlan } from "../workload/namespace.ts";
import type { Endpoints, Provider } from "./client.ts";

/** Namespace of Dex, and of the objects that it keeps its keys and logins in progress in. */
export const identityNamespace = {
  name: "identity",
  labels: trustLabel,
} as const satisfies NamespacePlan;

/** The Service, by https alone, and where the pods listen: for it, and for the kubelet and Prometheus. */
export const dexService = { name: "dex", port: 443 } as const;
export const dexPorts = { https: 5554, telemetry: 5558 } as const;

/** The Service's name inside of the cluster, which its certificate is for. */
export const dexHost = (clusterDomain: string): string =>
  `${dexService.name}.${identityNamespace.name}.svc.${clusterDomain}`;

/** Dex for what is in the cluster. */
export const dexProvider: Provider = {
  title: "Dex",
  service: { ...dexService, namespace: identityNamespace.name },
};

/** What tokens name as their issuer. */
export const dexIssuer = (hostname: string): string => `https://${hostname}`;

/**
 * Browsers ask by the name that people know, and what is in the cluster asks the Service: it needs neither the LAN's resolver
 * nor the gateway for that.
 * @see https://github.com/dexidp/dex/blob/v2.45.1/server/handlers.go constructDiscovery
 */
export function dexEndpoints(hostname: string, clusterDomain: string): Endpoints {
  const inside = `https://${dexHost(clusterDomain)}`;
  return {
    authorization: `${dexIssuer(hostname)}/auth`,
    token: `${inside}/token`,
    userInfo: `${inside}/userinfo`,
    keys: `${inside}/keys`,
  };
}
