import { z } from "zod";
import { addressAt } from "../../../components/network/cidr.ts";
import type { Derivation } from "../../config/derivation.ts";
import { cidr4, domain, ipv4 } from "../../config/forms.ts";
import type { Versions } from "../versions/schema.ts";

const asn = z.int().describe("Autonomous system number (RFC 6996 for private use)");

/** RKE2's own networks, and one that neither holds. */
const usual = { pods: "10.42.0.0/16", services: "10.43.0.0/16", loadBalancers: "10.96.0.0/16" };

/** Cilium, the cluster's networks and the BGP peering. */
export const network = z
  .strictObject({
    pods: cidr4
      .optional()
      .describe(`Pod network; each node takes a /24 of it; ${usual.pods} when left out`),
    services: cidr4
      .optional()
      .describe(`Network of ClusterIP services; ${usual.services} when left out`),
    clusterDns: ipv4
      .optional()
      .describe("Address of the cluster's DNS; the tenth of `services` when left out"),
    clusterDomain: domain.default("cluster.local").describe("DNS domain of services"),
    loadBalancers: cidr4
      .optional()
      .describe(`Pool of LoadBalancer addresses; ${usual.loadBalancers} when left out`),
    bgp: z
      .strictObject({
        localAsn: asn,
        routerAsn: asn,
        routerAddress: ipv4.describe("Address that the router's BGP speaker listens on"),
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
