import { randomBytes } from "node:crypto";
import { z } from "zod";
import { invalidRequest, type Accepted } from "./collection.ts";
import { secondsOf } from "./durations.ts";
import { accept, without, type JsonObject } from "./json.ts";
import type { StoredObject } from "./store.ts";

/** One minute to a day, in the units that Access' tokens have. */
const tokenLifetime = z
  .string()
  .regex(/^\d+[mh]$/, "use minutes or hours such as 30m")
  .refine((text) => secondsOf(text) >= 60 && secondsOf(text) <= 86_400, "use 1m to 24h");

const form = z.looseObject({
  auth_type: z.literal("oidc", "the lab knows auth_type oidc only"),
  redirect_uris: z
    .array(z.url("a redirect URI is an address"))
    .min(1, "an application of OIDC needs a redirect URI"),
  grant_types: z
    .array(
      z.enum(
        ["authorization_code", "authorization_code_with_pkce", "refresh_tokens"],
        "the lab knows authorization_code, authorization_code_with_pkce and refresh_tokens",
      ),
    )
    .optional(),
  scopes: z
    .array(z.enum(["openid", "email", "profile", "groups"], "use openid, email, profile, groups"))
    .optional(),
  access_token_lifetime: tokenLifetime.optional(),
  refresh_token_options: z
    .looseObject({ lifetime: z.string().regex(/^\d+[mhd]$/, "use a time such as 8h or 30d") })
    .optional(),
  allow_pkce_without_client_secret: z.boolean().optional(),
  app_launcher_url: z.string().optional(),
});

/**
 * `saas_app` of an application that signs people on by OpenID Connect. Its secret is answered when it is made, and never
 * again; id and secret are the server's, whatever a body says. Nothing is kept of the secret: nobody logs in by it here.
 * @see https://developers.cloudflare.com/api/resources/zero_trust/subresources/access/subresources/applications/ OIDC SaaS App
 */
export function acceptSaas(sent: unknown, previous?: StoredObject): Accepted {
  const body = without(accept(form, sent, invalidRequest), "client_secret");
  const known = previous?.value.saas_app as JsonObject | undefined;
  const app = { grant_types: ["authorization_code"], access_token_lifetime: "5m", ...body };
  if (known !== undefined) return { value: { ...app, client_id: known.client_id } };
  return {
    value: { ...app, client_id: randomBytes(32).toString("hex") },
    once: { client_secret: randomBytes(32).toString("hex") },
  };
}
