import { z } from "zod";
import { addressAt } from "../../../components/network/cidr.ts";
import type { AddressPool } from "../../../components/network/pool.ts";
import type { Derivation } from "../../config/derivation.ts";
import { cidr4, domain, ipv4, label } from "../../config/forms.ts";
import { secretRef } from "../../config/secret-ref.ts";
import type { Versions } from "../versions/schema.ts";

const asn = (of: string, example: number): z.ZodInt =>
  z.int().meta({
    description: `AS number of ${of}; 64512 to 65534 are for private use (RFC 6996)`,
    examples: [example],
  });

/** What Linux and routers take as a key of TCP MD5 signatures: 80 bytes, here without what their configs would cut at. */
const sessionPassword = {
  pattern: /^[\x21\x23-\x7e]{1,80}$/,
  text: "is read, but is no password for BGP; keep one of 1 to 80 letters, digits and signs, without spaces and quotes",
};

const peer = z.strictObject({
  address: ipv4.meta({
    description: "Address that the router's BGP speaker listens on",
    examples: ["10.0.0.1"],
  }),
  asn: asn("this router, another one than the cluster's", 64_513),
  name: label.optional().meta({
    description: "Name of the peer in the cluster; router-ADDRESS when left out",
    examples: ["router-10-0-0-1"],
  }),
  password: secretRef(
    "Password of the sessions with it (TCP MD5); none when left out",
    "op://Homelab/Router/bgp-password",
    sessionPassword,
  ).optional(),
});

const poolForm = "use a network in CIDR form such as 10.96.0.0/16, or { start: FIRST, stop: LAST }";

/** RKE2's own networks, and one that neither holds. */
const usual = { pods: "10.42.0.0/16", services: "10.43.0.0/16", loadBalancers: "10.96.0.0/16" };

/** Cilium, the cluster's networks and the BGP peering. */
export const network = z
  .strictObject({
    pods: cidr4.optional().meta({
      description: `Pod network; each node takes a /24 of it; ${usual.pods} when left out. A cluster that runs keeps it`,
      examples: [usual.pods],
    }),
    services: cidr4.optional().meta({
      description: `Network of ClusterIP services; ${usual.services} when left out. A cluster that runs keeps it`,
      examples: [usual.services],
    }),
    clusterDns: ipv4.optional().meta({
      description:
        "Address of the cluster's DNS; the tenth of `services` when left out. A cluster that runs keeps it",
      examples: ["10.43.0.10"],
    }),
    clusterDomain: domain
      .default("cluster.local")
      .describe("DNS domain of services. A cluster that runs keeps it"),
    loadBalancers: z
      .union(
        [
          z.cidrv4(poolForm).meta({ examples: [usual.loadBalancers] }),
          z.strictObject({
            start: ipv4.meta({ description: "First address", examples: ["192.168.1.200"] }),
            stop: ipv4.meta({ description: "Last address", examples: ["192.168.1.239"] }),
          }),
        ],
        poolForm,
      )
      .optional()
      .meta({
        description: `Pool of LoadBalancer addresses, a network or \`{ start, stop }\`; with \`bgp\` outside of the LAN, ${usual.loadBalancers} when left out; with \`l2\` inside, where nothing else and no DHCP gives addresses`,
        examples: [usual.loadBalancers],
      }),
    exposeServices: z
      .boolean()
      .default(true)
      .describe(
        "Whether ClusterIPs are reachable from outside: announced to the router, and answered without a login",
      ),
    bgp: z
      .strictObject({
        localAsn: asn("the cluster", 64_512),
        routerAsn: asn("the router, another one", 64_513).optional().meta({ shown: true }),
        routerAddress: ipv4.optional().meta({
          description: "Address that the router's BGP speaker listens on",
          examples: ["192.168.1.1"],
          shown: true,
        }),
        peers: z
          .array(peer)
          .min(1)
          .max(8)
          .optional()
          .describe(
            "Routers, where there are several or they ask for a password; in place of `routerAsn` and `routerAddress`",
          ),
      })
      .optional()
      .meta({
        description: "Peering of every node with the router; either this or `l2`",
        shown: true,
      }),
    l2: z
      .boolean()
      .default(false)
      .describe(
        "Announce load balancers on the LAN itself, by ARP, where the router speaks no BGP; `loadBalancers` then lies in the LAN",
      ),
  })
  .describe("Cilium, the cluster's networks, and how the LAN learns of them");

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
  const own = <Value>(key: keyof typeof usual, value: Value | undefined): Value | string => {
    const path = `homelab:network.${key}`;
    if (guest && value === undefined && !(key === "loadBalancers" && written.l2)) {
      const text = `is missing; ${usual[key]} is for one site of a tailnet, and its policy is another's: use a network that no site of it has`;
      derivation.report(path, text);
    }
    return derivation.given<Value | string>(path, value, usual[key], "the usual one");
  };
  const services = own("services", written.services);
  return {
    ...written,
    cilium,
    pods: own("pods", written.pods),
    services,
    loadBalancers: own<AddressPool>("loadBalancers", written.loadBalancers),
    clusterDns: derivation.given(
      "homelab:network.clusterDns",
      written.clusterDns,
      addressAt(services, 10),
      "made of homelab:network.services",
    ),
    bgp: deriveBgp(written.bgp, derivation),
  };
}

/** The peering with its routers. */
type Bgp = Omit<NonNullable<z.infer<typeof network>["bgp"]>, "peers"> & {
  readonly peers: readonly (Omit<z.infer<typeof peer>, "name"> & { readonly name: string })[];
};

/** The peering, its routers in one form: one of which nothing more is known is called `router`. */
function deriveBgp(
  written: z.infer<typeof network>["bgp"],
  derivation: Derivation,
): Bgp | undefined {
  if (written === undefined) return undefined;
  const { routerAsn, routerAddress, peers } = written;
  for (const [key, value] of Object.entries({ routerAsn, routerAddress })) {
    const path = `homelab:network.bgp.${key}`;
    if (peers === undefined && value === undefined)
      derivation.report(path, "is missing; name the router here, or several under peers");
    if (peers !== undefined && value !== undefined)
      derivation.report(path, "stands beside peers; say it there, or leave peers out");
  }
  const one =
    routerAsn === undefined || routerAddress === undefined
      ? []
      : [{ name: "router", asn: routerAsn, address: routerAddress }];
  const named = peers?.map((each) => ({
    ...each,
    name: each.name ?? `router-${each.address.replaceAll(".", "-")}`,
  }));
  return { ...written, peers: named ?? one };
}
