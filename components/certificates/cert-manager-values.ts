import type { NamespacePlan } from "../workload/namespace.ts";
import { spreadWherePossible } from "../workload/placement.ts";
import { resources } from "../workload/resources.ts";

/** Namespace of cert-manager and trust-manager, of the authority's key and of the token for Cloudflare. */
export const managerNamespace: NamespacePlan = { name: "cert-manager" };

/** Namespace of the site's certificates: who may read them needs none of the keys that sign. */
export const certificatesNamespace: NamespacePlan = { name: "certificates" };

/** Label of namespaces that are given the internal authority's certificate, and what they are given. */
export const trustLabel = { "homelab/internal-ca": "true" } as const;
export const trustBundle = { configMap: "internal-ca", key: "ca.crt" } as const;

export interface ManagerPlan {
  /** Hosts that pods run on. */
  readonly hosts: number;
  /** Resolvers that propagation is looked up at, addresses without a port. */
  readonly nameservers: readonly string[];
  /** Whether Gateways may ask for certificates; their kinds must be there before cert-manager starts. */
  readonly gatewayApi: boolean;
}

/**
 * Values of the cert-manager chart: as many pods as its authors advise, as far as there are hosts for them. A webhook that
 * is gone lets no Certificate be changed. Only resolvers of the internet are asked whether a challenge can be seen: the
 * site's own may answer for its zone with something else.
 * @see https://cert-manager.io/docs/installation/best-practice/
 * @see https://cert-manager.io/docs/configuration/acme/dns01/#setting-nameservers-for-dns01-self-check
 */
export function certManagerValues({
  hosts,
  nameservers,
  gatewayApi,
}: ManagerPlan): Record<string, unknown> {
  return {
    crds: { enabled: true, keep: true },
    // By default it is elected in kube-system, and leaves its leases there.
    global: { leaderElection: { namespace: managerNamespace.name } },
    ...replicated(hosts, 2, "cert-manager"),
    resources: resources("20m", "128Mi", "384Mi"),
    dns01RecursiveNameservers: nameservers.map((address) => `${address}:53`).join(","),
    dns01RecursiveNameserversOnly: true,
    ...(gatewayApi ? { config: { gatewayAPI: { enabled: true } } } : {}),
    webhook: { ...replicated(hosts, 3, "webhook"), resources: resources("10m", "96Mi", "256Mi") },
    cainjector: {
      ...replicated(hosts, 2, "cainjector"),
      resources: resources("10m", "128Mi", "384Mi"),
    },
    // Waits until the webhook answers a dry run; its own minute is short while images are pulled.
    startupapicheck: { timeout: "5m", resources: resources("10m", "32Mi", "128Mi") },
  };
}

/**
 * Values of the trust-manager chart. The public authorities of its image are left out: what a namespace is given is the
 * site's own authority alone.
 * @see https://cert-manager.io/docs/trust/trust-manager/installation/
 */
export function trustManagerValues(hosts: number): Record<string, unknown> {
  return {
    crds: { enabled: true, keep: true },
    ...replicated(hosts, 2, "trust-manager"),
    resources: resources("10m", "64Mi", "128Mi"),
    defaultPackage: { enabled: false },
    app: { trust: { namespace: managerNamespace.name } },
  };
}

/** The Bundle that gives namespaces with the label the authority's certificate, never its key. */
export function bundleSpec(authoritySecret: string): Record<string, unknown> {
  return {
    sources: [{ secret: { name: authoritySecret, key: "tls.crt" } }],
    target: {
      configMap: { key: trustBundle.key },
      namespaceSelector: { matchLabels: { ...trustLabel } },
    },
  };
}

function replicated(hosts: number, wanted: number, name: string): Record<string, unknown> {
  const replicas = Math.max(1, Math.min(wanted, hosts));
  return {
    replicaCount: replicas,
    // A budget for a single pod would only keep its node from being drained.
    podDisruptionBudget: replicas > 1 ? { enabled: true, minAvailable: 1 } : { enabled: false },
    topologySpreadConstraints: [spreadWherePossible({ "app.kubernetes.io/name": name })],
  };
}
