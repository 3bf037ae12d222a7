import { z } from "zod";
import { addressAt } from "../../../components/network/cidr.ts";
import type { Derivation } from "../../config/derivation.ts";
import { cidr4, domain, ipv4, lanMtu, vlanId } from "../../config/forms.ts";

/** The site's own networks and names. */
export const site = z
  .strictObject({
    domain: domain.meta({
      description: "DNS domain of the site; machines are called NAME.DOMAIN",
      examples: ["home.arpa"],
    }),
    lan: cidr4.meta({
      description: "LAN of the machines, in CIDR form; hosts may stand in another network",
      examples: ["192.168.1.0/24"],
    }),
    gateway: ipv4.optional().meta({
      description: "Default gateway of the LAN; its first address when left out",
      examples: ["192.168.1.1"],
    }),
    dns: z
      .array(ipv4)
      .min(1)
      .optional()
      .meta({
        description: "DNS servers of the machines; the gateway when left out",
        examples: [["192.168.1.1"]],
      }),
    vlan: vlanId.optional().meta({
      description: "VLAN tag of the LAN on the hosts' bridge; untagged when left out",
      examples: [20],
    }),
    mtu: lanMtu.optional().meta({
      description:
        "MTU of the LAN, of the bridge and of every switch between; the bridge's for machines and 1500 for pods when left out",
      examples: [9000],
    }),
  })
  .describe("Networks and names of the site");

/** The site with its gateway. */
export function deriveNetworks(written: z.infer<typeof site>, derivation: Derivation) {
  const first = addressAt(written.lan, 1);
  const path = "homelab:site.gateway";
  return {
    ...written,
    gateway: derivation.given(path, written.gateway, first, "made of homelab:site.lan"),
  };
}
