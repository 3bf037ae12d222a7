import { z } from "zod";
import type { Derivation } from "../../config/derivation.ts";
import { label } from "../../config/forms.ts";
import { oneLine, secretRef } from "../../config/secret-ref.ts";
import { addresses } from "../people/addresses.ts";
import type { People } from "../people/schema.ts";

const groups = z
  .array(
    z
      .string()
      // A comma ends a field of the policy, a quote begins one (Casbin reads CSV).
      .regex(/^[^\s,"#](?:[^,"\n#]*[^\s,"#])?$/, 'use a name without commas, quotes and "#"'),
  )
  .default([]);

const role = z
  .strictObject({
    groups: groups.meta({
      description: "Groups as the identity provider names them in tokens",
      examples: [["homelab-admins"]],
    }),
    people: z
      .array(label)
      .default([])
      .meta({
        description: "Groups of `homelab:people`, whose members are known by e-mail address",
        examples: [["admins"]],
      }),
  })
  .prefault({});

/** Single sign-on. */
export const signOn = z.strictObject({
  name: z
    .string()
    .regex(/^[\w .-]{1,40}$/, "use letters, digits, blanks, dots and hyphens")
    .default("single sign-on")
    .describe("Name on the button"),
  issuer: z
    .url({ protocol: /^https$/, error: "use an https address" })
    .regex(/^[^?#]+$/, "leave out ? and #")
    .meta({
      description: "Issuer of OpenID Connect, as its tokens name it",
      examples: ["https://id.example.net"],
    }),
  clientId: z
    .string()
    .regex(/^[\x21-\x7e]+$/, "use the client's id alone")
    .meta({ description: "Id of the client at the provider", examples: ["argocd"] }),
  clientSecret: secretRef("Secret of that client", "op://Homelab/Argo CD/client-secret", oneLine),
  scopes: z
    .array(z.string().regex(/^[\x21-\x7e]+$/, "use a scope's name"))
    .default(["openid", "profile", "email", "groups"])
    .describe("Scopes that are asked for"),
  groupsClaim: z
    .string()
    .regex(/^[A-Za-z0-9_.:/-]+$/, "use a claim's name")
    .default("groups")
    .describe("Claim of tokens with the groups"),
  admins: role.describe("Who may do everything in Argo CD, and so in the cluster"),
  readers: role.describe("Who may look at everything"),
});

/** Sign-on with the addresses of the people that its roles name. */
export function deriveSignOn(
  written: z.infer<typeof signOn>,
  people: People,
  derivation: Derivation,
) {
  const role = (key: "admins" | "readers") => ({
    groups: written[key].groups,
    emails: addresses(
      {
        path: `homelab:argocd.signOn.${key}.people`,
        groups: written[key].people,
        why: "tokens name people by e-mail address",
      },
      people,
      derivation,
    ),
  });
  return { ...written, admins: role("admins"), readers: role("readers") };
}
