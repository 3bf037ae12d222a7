import { z } from "zod";
import { addressAt } from "../../../components/network/cidr.ts";
import type { Derivation } from "../../config/derivation.ts";
import { cidr4, domain, ipv4 } from "../../config/forms.ts";
import type { Versions } from "../versions/schema.ts";

const asn = (of: string, example: number): z.ZodInt =>
  z.int().meta({
    description: `AS number of ${of}; 64512 to 65534 are for private use (RFC 6996)`,
    examples: [example],
  });

/** RKE2's own networks, and one that neither holds. */
const usual = { pods: "10.42.0.0/16", services: "10.43.0.0/16", loadBalancers: "10.96.0.0/16" };

/** Cilium, the cluster's networks and the BGP peering. */
export const network = z
  .strictObject({
    pods: cidr4.optional().meta({
      description: `Pod network; each node takes a /24 of it; ${usual.pods} when left out`,
      examples: [usual.pods],
    }),
    services: cidr4.optional().meta({
      description: `Network of ClusterIP services; ${usual.services} when left out`,
      examples: [usual.services],
    }),
    clusterDns: ipv4.optional().meta({
      description: "Address of the cluster's DNS; the tenth of `services` when left out",
      examples: ["10.43.0.10"],
    }),
    clusterDomain: domain.default("cluster.local").describe("DNS domain of services"),
    loadBalancers: cidr4.optional().meta({
      description: `Pool of LoadBalancer addresses; ${usual.loadBalancers} when left out`,
      examples: [usual.loadBalancers],
    }),
    bgp: z
      .strictObject({
        localAsn: asn("the cluster", 64_512),
        routerAsn: asn("the router, another one", 64_513),
        routerAddress: ipv4.meta({
          description: "Address that the router's BGP speaker listens on",
          examples: ["192.168.1.1"],
        }),
      })
      .describe("Peering of every node with the router"),
  })
  .describe("Cilium and BGP");

/**
 * The cluster's networks with their addresses, and Cilium. A site alone may have the usual networks. Of those that share
 * a tailnet each has its own, or one would get the other's traffic: the site that owns the tailnet's policy sees the
 * others' networks and is checked against them, and any other must say which are its own.
 */
export function deriveNetwork(
  written: z.infer<typeof network>,
  { cilium }: Versions,
  tailnet: { readonly policy?: unknown } | undefined,
  derivation: Derivation,
) {
  const guest = tailnet !== undefined && tailnet.policy === undefined;
  const cidr = (key: keyof typeof usual): string => {
    const path = `homelab:network.${key}`;
    if (guest && written[key] === undefined) {
      const text = `is missing; ${usual[key]} is for one site of a tailnet, and its policy is another's: use a network that no site of it has`;
      derivation.report(path, text);
    }
    return derivation.given(path, written[key], usual[key], "the usual one");
  };
  const services = cidr("services");
  return {
    ...written,
    cilium,
    pods: cidr("pods"),
    services,
    loadBalancers: cidr("loadBalancers"),
    clusterDns: derivation.given(
      "homelab:network.clusterDns",
      written.clusterDns,
      addressAt(services, 10),
      "made of homelab:network.services",
    ),
  };
}
