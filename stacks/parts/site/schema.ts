import { z } from "zod";
import { cidr4, domain, ipv4 } from "../../config/forms.ts";

/** The site's own networks and names. */
export const site = z
  .strictObject({
    domain: domain.describe("DNS domain of the site; machines are called NAME.DOMAIN"),
    lan: cidr4.describe("LAN of hosts and machines, in CIDR form"),
    gateway: ipv4.describe("Default gateway of the LAN"),
    dns: z
      .array(ipv4)
      .min(1)
      .optional()
      .describe("DNS servers of the machines; the gateway when left out"),
  })
  .describe("Networks and names of the site");
