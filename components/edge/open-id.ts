import type { Endpoints } from "../identity/client.ts";

/**
 * Access as a provider of OpenID Connect: where it answers for a client.
 * @see https://developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/saas-apps/generic-oidc-saas/
 */

/** Host of a team's login, which clients ask as well. */
export const teamHost = (team: string): string => `${team}.cloudflareaccess.com`;

/** Issuer in tokens of a client, below which its discovery document is. */
export const issuerOf = (team: string, clientId: string): string =>
  `https://${teamHost(team)}/cdn-cgi/access/sso/oidc/${clientId}`;

export const endpointsOf = (issuer: string): Endpoints => ({
  authorization: `${issuer}/authorization`,
  token: `${issuer}/token`,
  userInfo: `${issuer}/userinfo`,
  keys: `${issuer}/jwks`,
});
