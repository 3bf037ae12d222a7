import { z } from "zod";
import { usualAddress, type AddressPool } from "../../../components/network/pool.ts";
import type { Derivation } from "../../config/derivation.ts";
import { domain, ipv4 } from "../../config/forms.ts";
import { switched } from "../../config/switched.ts";
import type { Versions } from "../versions/schema.ts";

/** One list of names for the internet, the LAN and the tailnet. */
export const names = switched(
  "The site's names: one list for the internet, the LAN and the tailnet, and a DNS server that answers for it",
  {
    entries: z
      .record(
        domain.meta({ examples: ["nas"] }),
        z.strictObject({
          address: ipv4.optional().meta({
            description: "Its address for the LAN and the tailnet",
            examples: ["192.168.1.6"],
          }),
          public: z
            .union([z.ipv4(), z.ipv6()], "use an address such as 198.51.100.7")
            .optional()
            .meta({
              description:
                "Its address for the internet, in `edge.zone`; applications have theirs by `hostname`",
              examples: ["198.51.100.7"],
            }),
          proxied: z
            .boolean()
            .default(false)
            .describe("Whether Cloudflare stands between the internet and that address"),
        }),
      )
      .default({})
      .describe(
        "Further names: one word is a name in the site's domain, another one is written whole",
      ),
    address: ipv4.optional().meta({
      description:
        "Address of the site's DNS server, of `network.loadBalancers`; the 53rd of a network, the last of a run when left out",
      examples: ["10.96.0.53"],
    }),
    forward: z
      .array(ipv4)
      .default([])
      .meta({
        description:
          "Servers that it asks for other names; it refuses them when left out, which is right where the LAN's resolver asks it",
        examples: [["1.1.1.1", "9.9.9.9"]],
      }),
    replicas: z.int().min(1).max(4).default(2).describe("Its pods, spread over nodes"),
  },
);

/** The names with the release of CoreDNS and the server's address. */
export function deriveNames(
  { address, ...rest }: Omit<z.infer<typeof names>, "enabled">,
  { coredns }: Versions,
  pool: AddressPool,
  derivation: Derivation,
) {
  const how = "made of homelab:network.loadBalancers";
  return {
    ...rest,
    coredns,
    address: derivation.given("homelab:names.address", address, usualAddress(pool, 53, 0), how),
  };
}
