import { z } from "zod";
import type { Derivation } from "../../config/derivation.ts";
import { domain, label, labelForm, wildcardForm } from "../../config/forms.ts";
import { oneLine, secretRef } from "../../config/secret-ref.ts";
import { addresses } from "../people/addresses.ts";
import type { People } from "../people/schema.ts";
import type { Versions } from "../versions/schema.ts";

const hex32 = (what: string): z.ZodString =>
  z.string().regex(/^[0-9a-f]{32}$/, `use the ${what}'s id: 32 hex digits`);

const accessPolicy = z.strictObject({
  people: z
    .array(label)
    .default([])
    .meta({
      description: "Groups of `homelab:people`, whose members pass by e-mail address",
      examples: [["family"]],
    }),
  emailDomains: z
    .array(domain)
    .default([])
    .meta({
      description: "Everybody with an address in these domains",
      examples: [["example.net"]],
    }),
  serviceTokens: z
    .array(label)
    .default([])
    .meta({
      description: "Names of service tokens that the stack makes, for programs",
      examples: [["monitoring"]],
    }),
  sessionDuration: z
    .string()
    .regex(/^[1-9]\d{0,4}(m|h)$/, "use minutes or hours such as 24h")
    .default("24h")
    .describe("How long an identity is valid"),
});

const rotation = z.strictObject({
  version: z
    .int()
    .min(2)
    .meta({
      description: "Counts the token's secrets; one more than before makes a new one",
      examples: [2],
    }),
  previousUntil: z
    .string()
    // A day without quotes is a moment to some readers of YAML, the engine's among them.
    .regex(
      /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(T00:00:00Z)?$/,
      "use a day such as 2027-01-31",
    )
    .meta({
      description: "Day up to whose beginning (UTC) programs may still use the secret before",
      examples: ["2027-01-31"],
    }),
});

/** Cloudflare: the tunnel, its public names and who may pass. */
export const edge = z
  .strictObject({
    accountId: hex32("account").meta({
      description: "Cloudflare account id",
      examples: ["0123456789abcdef0123456789abcdef"],
    }),
    zone: domain.meta({ description: "DNS zone of the public names", examples: ["example.net"] }),
    zoneId: hex32("zone").meta({
      description: "Id of that zone",
      examples: ["fedcba9876543210fedcba9876543210"],
    }),
    team: z
      .string()
      .regex(labelForm, "use the team's name alone, TEAM of TEAM.cloudflareaccess.com")
      .optional()
      .meta({
        description:
          "Zero Trust's team: TEAM of TEAM.cloudflareaccess.com; names with Access need it",
        examples: ["house"],
      }),
    advancedCertificates: z
      .array(
        z
          .string()
          .regex(
            wildcardForm,
            "use a name such as a.b.example.net, or *.b.example.net for every label before it",
          ),
      )
      .default([])
      .meta({
        description:
          "Names that advanced certificates or Total TLS cover; the free certificate covers the zone and one label before it",
        examples: [["*.apps.example.net"]],
      }),
    apiToken: secretRef(
      "API token; docs/cloudflare.md lists its permissions",
      "op://Homelab/Cloudflare/api-token",
      oneLine,
    ),
    replicas: z.int().min(2).max(8).default(2).describe("cloudflared pods, spread over hosts"),
    tunnelSecret: z
      .int()
      .min(1)
      .optional()
      .meta({
        description:
          "Number of the tunnel's secret: with another number the tunnel and cloudflared get another one",
        examples: [2],
      }),
    access: z
      .record(label.meta({ examples: ["family"] }), accessPolicy)
      .default({})
      .describe("Access policies by name; applications refer to them"),
    rotations: z
      .record(label.meta({ examples: ["monitoring"] }), rotation)
      .default({})
      .describe("Service tokens by name that have a new secret beside the old one"),
  })
  .describe("Cloudflare tunnel, DNS and Access");

export type Edge = z.infer<typeof edge>;

/** Access mails a code to people, or is told their address by the login that they choose. */
export const byAddress = "Access knows people by e-mail address alone";

/** The edge with its versions, and with the addresses of the people that its policies name. */
export function deriveEdge(
  written: z.infer<typeof edge>,
  versions: Versions,
  people: People,
  derivation: Derivation,
) {
  const path = "homelab:versions.cloudflared";
  const why = "homelab:edge needs it, for example 2026.8.2";
  const access = Object.entries(written.access).map(([name, { people: groups, ...policy }]) => {
    const at = `homelab:edge.access.${name}.people`;
    const emails = addresses({ path: at, groups, why: byAddress }, people, derivation);
    return [name, { ...policy, emails }] as const;
  });
  return {
    ...written,
    access: Object.fromEntries(access),
    cloudflared: derivation.needed(path, versions.cloudflared, why),
  };
}
