import { z } from "zod";
import type { Derivation } from "../../config/derivation.ts";
import { domain, label } from "../../config/forms.ts";
import { oneLine, secretRef } from "../../config/secret-ref.ts";
import type { Versions } from "../versions/schema.ts";

const hex32 = (what: string): z.ZodString =>
  z.string().regex(/^[0-9a-f]{32}$/, `use the ${what}'s id: 32 hex digits`);

const accessPolicy = z.strictObject({
  emails: z
    .array(z.email("use an e-mail address"))
    .default([])
    .describe("People by e-mail address"),
  emailDomains: z.array(domain).default([]).describe("Everybody with an address in these domains"),
  serviceTokens: z
    .array(label)
    .default([])
    .describe("Names of service tokens that the stack makes, for programs"),
  sessionDuration: z
    .string()
    .regex(/^[1-9]\d{0,4}(m|h)$/, "use minutes or hours such as 24h")
    .default("24h")
    .describe("How long an identity is valid"),
});

/** Cloudflare: the tunnel, its public names and who may pass. */
export const edge = z
  .strictObject({
    accountId: hex32("account").describe("Cloudflare account id"),
    zone: domain.describe("DNS zone of the public names"),
    zoneId: hex32("zone").describe("Id of that zone"),
    apiToken: secretRef("API token; docs/cloudflare.md lists its permissions", oneLine),
    replicas: z.int().min(2).max(8).default(2).describe("cloudflared pods, spread over hosts"),
    access: z
      .record(label, accessPolicy)
      .default({})
      .describe("Access policies by name; applications refer to them"),
  })
  .describe("Cloudflare tunnel, DNS and Access");

/** The edge with its versions. */
export function deriveEdge(
  written: z.infer<typeof edge>,
  versions: Versions,
  derivation: Derivation,
) {
  const path = "homelab:versions.cloudflared";
  const why = "homelab:edge needs it, for example 2025.11.1";
  return { ...written, cloudflared: derivation.needed(path, versions.cloudflared, why) };
}
