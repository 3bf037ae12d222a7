import { z } from "zod";
import { conflict } from "./api-error.ts";
import { everywhere, invalidRequest, type Kind } from "./collection.ts";
import { accept, without } from "./json.ts";
import type { Store } from "./store.ts";

const form = z.looseObject({
  name: z.string("an identity provider needs a name"),
  type: z.enum(
    ["onetimepin", "github", "google", "google-apps", "azureAD", "okta", "oidc", "saml"],
    "the lab knows onetimepin, github, google, google-apps, azureAD, okta, oidc and saml",
  ),
  config: z.looseObject({}),
});

/**
 * https://developers.cloudflare.com/api/resources/zero_trust/subresources/identity_providers/
 * The lab's edge asks people by one-time PIN alone; the others are kept and answered. A client's secret is not kept.
 */
export function identityProviderKind({ state }: Store): Kind {
  return {
    path: "identity_providers",
    levels: everywhere,
    permission: "Access: Organizations, Identity Providers, and Groups",
    missing: [12135, "identity_provider"],
    select: ({ identityProviders }) => identityProviders,
    accept: (body, scope, previous) => {
      const sent = accept(form, body, invalidRequest);
      const others = Object.values(state.identityProviders).filter(
        (other) => other.scope === scope && other.value.id !== previous?.value.id,
      );
      if (sent.type === "onetimepin" && others.some(({ value }) => value.type === "onetimepin"))
        throw conflict(12137, "access.api.error.conflict: one-time PIN is set up already");
      return { value: { ...sent, config: without(sent.config, "client_secret") } };
    },
    release: ({ value: { id } }) => {
      const used = Object.values(state.applications).some(({ value }) =>
        ((value.allowed_idps ?? []) as string[]).includes(id),
      );
      if (used) throw invalidRequest("the identity provider is named by an application");
    },
  };
}
