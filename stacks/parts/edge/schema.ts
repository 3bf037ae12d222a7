import { z } from "zod";
import { domain, label } from "../../config/forms.ts";
import { secretRef } from "../secrets/schema.ts";

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
    apiToken: secretRef.describe("API token; docs/cloudflare.md lists its permissions"),
    cloudflared: z
      .string()
      .regex(/^\d{4}\.\d{1,2}\.\d+$/, "use a release such as 2025.11.1")
      .describe("cloudflared release"),
    replicas: z.int().min(2).max(8).default(2).describe("cloudflared pods, spread over hosts"),
    access: z
      .record(label, accessPolicy)
      .default({})
      .describe("Access policies by name; applications refer to them"),
  })
  .describe("Cloudflare tunnel, DNS and Access");

const typeo = z
  .strictObject({
    image: z
      .string()
      .regex(/^[a-z0-9][a-z0-9./-]*$/, "use an image without its tag")
      .describe("Image of the web application; it listens on 8080"),
    version: z
      .string()
      .regex(/^(?!latest$)[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/, "use a released tag, not latest")
      .describe("Tag of the image"),
    hostname: domain
      .optional()
      .describe("Public name inside `edge.zone`; cluster-internal without"),
    access: z
      .array(label)
      .default([])
      .describe("Names of `edge.access` policies; an identity that one of them allows passes"),
    withoutAccess: z
      .string()
      .min(10, "say in a sentence why everybody on the internet may reach it")
      .optional()
      .describe("Says aloud that no Access stands in front, and why"),
    replicas: z.int().min(1).max(8).default(2).describe("Pods"),
    settings: z
      .record(
        z.string().regex(/^[A-Z][A-Z0-9_]*$/, "use an environment variable's name"),
        secretRef,
      )
      .default({})
      .describe("Environment of the application, by secret reference"),
  })
  .describe("Typeo, typing practice");

/** Applications; each is deployed when it is named. */
export const apps = z.strictObject({ typeo: typeo.optional() }).describe("Applications");
