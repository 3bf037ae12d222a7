import { z } from "zod";
import {
  secretName,
  wildcard,
  type CertificatePlan,
} from "../../../components/certificates/plan.ts";
import type { AcmeIssuer } from "../../../components/certificates/issuers.ts";
import { isIn } from "../../../components/names/names.ts";
import { titlePattern } from "../../../components/security/secret-ref.ts";
import type { Derivation } from "../../config/derivation.ts";
import { ipv4, label, wildcardForm } from "../../config/forms.ts";
import { oneLine, secretRef } from "../../config/secret-ref.ts";
import { switched } from "../../config/switched.ts";
import type { Edge } from "../edge/schema.ts";
import type { Versions } from "../versions/schema.ts";

/** A name in a certificate; one label may be left open (RFC 6125, 6.4.3). */
const name = z
  .string()
  .max(253)
  .regex(wildcardForm, "use a lower-case DNS name such as mail.example.net or *.apps.example.net");

const further = z.strictObject({
  names: z
    .array(name)
    .min(1)
    .meta({ description: "DNS names that it is for", examples: [["*.apps.example.net"]] }),
  issuer: z
    .enum(["public", "internal"])
    .optional()
    .meta({
      description:
        "Let's Encrypt or the site's own authority; where left out Let's Encrypt, if all names lie in the public zone",
      examples: ["internal"],
    }),
  secret: label.optional().meta({
    description: "Secret that holds it, in namespace `certificates`; NAME-tls when left out",
    examples: ["apps-tls"],
  }),
});

/** cert-manager, its issuers and the site's certificates. */
export const certificates = switched(
  "Certificates: cert-manager with Let's Encrypt and an authority of the site's own, a wildcard for each zone",
  {
    email: z
      .email("use an e-mail address")
      .optional()
      .meta({
        description: "Where Let's Encrypt may write to; it needs none",
        examples: ["admin@homelab.example"],
      }),
    staging: z
      .boolean()
      .default(false)
      .describe(
        "Whether public certificates are Let's Encrypt's staging ones, which no device trusts: for trying out",
      ),
    apiToken: secretRef(
      "API token of Cloudflare that may change the zone's records; `homelab:edge.apiToken` when left out",
      "op://Homelab/Cloudflare DNS/api-token",
      oneLine,
    ).optional(),
    nameservers: z
      .array(ipv4)
      .min(1)
      .default(["1.1.1.1", "9.9.9.9"])
      .describe(
        "Resolvers of the internet at which cert-manager sees whether its records can be found",
      ),
    keep: z
      .boolean()
      .optional()
      .meta({
        description:
          "Whether certificates are kept in 1Password, so that a cluster that is built anew orders none; so it is with " +
          "`homelab:onePassword.connect` unless this says false, and never through a service account",
        examples: [false],
      }),
    vault: z
      .string()
      .regex(new RegExp(`^${titlePattern}$`), "use the vault's title or id, as in op:// references")
      .default("Homelab")
      .describe("Vault that they are kept in; Connect's token needs to read and write there"),
    further: z
      .record(label.meta({ examples: ["apps"] }), further)
      .default({})
      .describe("Certificates besides the wildcards of the zones, by name"),
  },
);

type Written = Omit<z.infer<typeof certificates>, "enabled">;

/** What of the site it depends on. */
interface Around {
  readonly edge: Edge | undefined;
  readonly onePassword: { readonly connect?: string; readonly serviceAccount: boolean } | undefined;
}

/** Let's Encrypt as the section says, for public names. */
export const publicIssuer = ({ staging }: Pick<Written, "staging">): AcmeIssuer =>
  staging ? "letsencrypt-staging" : "letsencrypt-production";

/** The section with all of the site's certificates, and with Let's Encrypt where there is a public zone. */
export function deriveCertificates(
  written: Written,
  { certManager, trustManager }: Versions,
  { domain }: { readonly domain: string },
  { edge, onePassword }: Around,
  derivation: Derivation,
) {
  const { keep, vault, ...rest } = written;
  if (keep === true && onePassword?.serviceAccount === true) {
    const text =
      "is set beside homelab:onePassword.serviceAccount, by which the program reads and keeps nothing; read through Connect " +
      "(homelab:onePassword.connect), or remove it: a cluster that is built anew then orders its certificates anew";
    derivation.report("homelab:certificates.keep", text);
  }
  const letsEncrypt = publicIssuer(rest);
  const isPublic = (one: string): boolean => edge !== undefined && isIn(edge.zone, one);
  const zones = [...new Set([...(edge === undefined ? [] : [edge.zone]), domain])];
  const planned: readonly CertificatePlan[] = [
    ...zones.map((zone) => wildcard(zone, isPublic(zone) ? letsEncrypt : "internal")),
    ...Object.entries(written.further).map(([one, { names, issuer, secret }]) => {
      const signer = issuer ?? (names.every(isPublic) ? "public" : "internal");
      return {
        ...{ name: one, names, secret: secret ?? secretName(one) },
        issuer: signer === "public" ? letsEncrypt : ("internal" as const),
      };
    }),
  ];
  return {
    ...rest,
    certManager,
    trustManager,
    planned,
    // Without Connect there is nowhere to keep them.
    keep: keep !== false && onePassword?.connect !== undefined ? vault : undefined,
  };
}
