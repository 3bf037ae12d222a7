import { z } from "zod";
import { cidr4, domain, ipv4 } from "../../config/forms.ts";

const asn = z.int().describe("Autonomous system number (RFC 6996 for private use)");

/** Cilium, the cluster's networks and the BGP peering. */
export const network = z
  .strictObject({
    pods: cidr4.describe("Pod network; each node takes a /24 of it"),
    services: cidr4.describe("Network of ClusterIP services"),
    clusterDns: ipv4.describe("Address of the cluster's DNS, inside `services`"),
    clusterDomain: domain.default("cluster.local").describe("DNS domain of services"),
    loadBalancers: cidr4.describe("Pool of LoadBalancer addresses"),
    bgp: z
      .strictObject({
        localAsn: asn,
        routerAsn: asn,
        routerAddress: ipv4.describe("Address that the router's BGP speaker listens on"),
      })
      .describe("Peering of every node with the router"),
  })
  .describe("Cilium and BGP");
