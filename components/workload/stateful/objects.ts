/** What else than its Deployment an application that keeps data has. */
import { digest } from "../../digest.ts";
import { loadBalancer } from "../load-balancer.ts";
import { appLabels, appSelector } from "../restricted.ts";
import type { Owner } from "../secrets.ts";
import type { PodPort } from "./plan.ts";

/** An address of the pool of load balancers, and the ports of the pod that are reached there. */
export interface BalancerPlan {
  readonly address: string;
  readonly ports: readonly PodPort[];
}

/**
 * The Service of a load balancer's address. Only the node with the pod takes connections for it, so that the pod sees who
 * calls: Plex tells clients of the LAN from others by that.
 * @see https://docs.cilium.io/en/v1.19/network/lb-ipam/#requesting-ips
 */
export function balancerService({ app, namespace }: Owner, { address, ports }: BalancerPlan) {
  return {
    metadata: {
      ...{ name: `${app}-balancer`, namespace, labels: appLabels(app) },
      annotations: {
        "lbipam.cilium.io/ips": address,
        // The pod's readiness is waited for; the Service's own wait would be for this pod, which waits for it.
        "pulumi.com/skipAwait": "true",
      },
    },
    spec: {
      ...loadBalancer,
      externalTrafficPolicy: "Local",
      selector: appSelector(app).matchLabels,
      ports: ports.map(({ name, port, protocol = "TCP" }) => ({
        ...{ name, port, targetPort: name, protocol },
      })),
    },
  };
}

/** A mark of files: 16 hex digits, equal for equal files. */
export function filesMark(files: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1));
  return digest(JSON.stringify(sorted));
}
