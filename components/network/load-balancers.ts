import type { CiliumResource } from "./announcement.ts";
import type { AddressPool } from "./pool.ts";

/**
 * The pool that Cilium's LB-IPAM gives addresses of. Of a network the first and the last stay unused: some clients take
 * them for the network's own and its broadcast address.
 * @see https://docs.cilium.io/en/v1.19/network/lb-ipam/
 */
export function addressPool(pool: AddressPool): CiliumResource {
  const block = typeof pool === "string" ? { cidr: pool } : { start: pool.start, stop: pool.stop };
  return {
    version: "v2",
    kind: "CiliumLoadBalancerIPPool",
    name: "load-balancers",
    spec: { allowFirstLastIPs: "No", blocks: [block] },
  };
}

/**
 * Leases of L2 announcements, in seconds, and how many services are reckoned with: each costs the node that holds it one
 * request a renewal, and Cilium's own limit of 10 a second would be met by 50 of them.
 */
const l2 = { lease: 15, renew: 5, retry: 2, services: 150 } as const;

/**
 * Values of the Cilium chart for L2 announcements.
 * @see https://docs.cilium.io/en/v1.19/network/l2-announcements/#sizing-client-rate-limit
 */
export function l2Values(): Record<string, unknown> {
  const qps = l2.services / l2.renew;
  return {
    l2announcements: {
      enabled: true,
      leaseDuration: `${l2.lease}s`,
      leaseRenewDeadline: `${l2.renew}s`,
      leaseRetryPeriod: `${l2.retry}s`,
    },
    k8sClientRateLimit: { qps, burst: 2 * qps },
  };
}

/** Which nodes answer ARP for services' addresses: any of them, on the LAN's interface. */
export function l2Policy(plan: { readonly interface: string }): CiliumResource {
  return {
    version: "v2alpha1",
    kind: "CiliumL2AnnouncementPolicy",
    name: "lan",
    spec: {
      nodeSelector: { matchLabels: { "kubernetes.io/os": "linux" } },
      interfaces: [`^${plan.interface.replaceAll(".", "\\.")}$`],
      externalIPs: true,
      loadBalancerIPs: true,
    },
  };
}
