import { z } from "zod";
import { addressAt } from "../../../components/network/cidr.ts";
import type { DomainServers } from "../../../components/dns/corefile.ts";
import type { Derivation } from "../../config/derivation.ts";
import { domain, ipv4 } from "../../config/forms.ts";
import { switched } from "../../config/switched.ts";
import type { Versions } from "../versions/schema.ts";

/** The cache of DNS on every node. */
export const dns = switched("Cache of DNS on every node, which its pods ask first", {
  domains: z
    .record(
      domain.meta({ examples: ["corp.example"] }),
      z
        .array(ipv4)
        .min(1)
        .meta({
          description: "Their addresses, asked in this order",
          examples: [["192.168.1.9"]],
        }),
    )
    .default({})
    .describe(
      "Domains that pods ask servers of their own for; of the site's own domain they ask the machines' nameservers",
    ),
  tailnet: z
    .boolean()
    .default(true)
    .describe(
      "Whether pods find names of the tailnet (ts.net) that Tailscale's operator serves; without `homelab:tailnet` there are none",
    ),
  entries: z
    .int()
    .min(1024)
    .max(100_000)
    .default(9984)
    .describe("Answers that a cache keeps for each domain; 1024 are CoreDNS's least"),
  upstream: ipv4.optional().meta({
    description:
      "ClusterIP at which the caches ask the cluster's DNS; the eleventh address of `network.services` when left out",
    examples: ["10.43.0.11"],
  }),
  nameserver: ipv4.optional().meta({
    description:
      "ClusterIP of the nameserver that Tailscale's operator runs; the twelfth address of `network.services` when left out",
    examples: ["10.43.0.12"],
  }),
});

/** Domain of all tailnets' names. */
const tailnetDomain = "ts.net";

/** What the cache needs to know of the site besides. */
interface Surroundings {
  readonly versions: Versions;
  readonly site: { readonly domain: string; readonly gateway: string; readonly dns?: string[] };
  readonly services: string;
  /** Present where the site has one. */
  readonly tailnet: object | undefined;
}

/**
 * The cache with its release, the addresses of its Services, and who answers for which domain: what is written, and what it
 * knows of itself. Addresses that nobody wrote are among the first of the services' network, which Kubernetes gives to no
 * Service that does not ask for one (KEP-3070: at least 16).
 */
export function deriveDns(
  { nameserver: written, tailnet: wanted, ...rest }: Omit<z.infer<typeof dns>, "enabled">,
  { versions, site, services, tailnet }: Surroundings,
  derivation: Derivation,
) {
  const how = "made of homelab:network.services";
  const given = (key: string, address: string | undefined, place: number): string =>
    derivation.given(`homelab:dns.${key}`, address, addressAt(services, place), how);
  const nameserver = wanted && tailnet !== undefined ? given("nameserver", written, 12) : undefined;
  const known: Readonly<Record<string, readonly string[]>> = {
    [site.domain]: site.dns ?? [site.gateway],
    ...(nameserver === undefined ? {} : { [tailnetDomain]: [nameserver] }),
    ...rest.domains,
  };
  return {
    ...rest,
    nameserver,
    version: versions.nodeLocalDns,
    upstream: given("upstream", rest.upstream, 11),
    servers: Object.entries(known).map(([name, servers]): DomainServers => ({
      domain: name,
      servers,
    })),
  };
}
