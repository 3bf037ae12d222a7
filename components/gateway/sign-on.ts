import type { Endpoints, Provider } from "../identity/client.ts";
import type { Security } from "./policies.ts";

/** Who signs on before a route lets anybody through, and where. */
export interface RouteSignOn {
  /** Of the provider, as its tokens name it. */
  readonly issuer: string;
  readonly provider: Provider;
  readonly endpoints: Endpoints;
  readonly clientId: string;
  /** E-mail addresses in lower case, up to 128. */
  readonly emails: readonly string[];
}

/** Path that the proxies keep for themselves; people come back to it from the provider. */
const ownPath = "/oauth2";

/** Where the provider sends people back to: the proxies' own default, for each name of a route. */
export const routeRedirect = (hostname: string): string => `https://${hostname}${ownPath}/callback`;

/** Secret with the client's secret, in the route's namespace; the key is Envoy Gateway's. */
export const routeSecret = (route: string) => ({ name: `${route}-sign-on`, key: "client-secret" });

/**
 * What browsers say of requests that are no navigation (https://fetch.spec.whatwg.org/#concept-request-mode): nobody sees the
 * login where they are led to it. Each such answer would leave two cookies of its own, and a tab that goes on asking fills the
 * browser with them until its requests are too large (envoyproxy/gateway, issues 9632 and 9820).
 */
const byScripts = ["cors", "no-cors", "same-origin", "websocket"].map((value) => ({
  name: "Sec-Fetch-Mode",
  value,
}));

/**
 * What a route asks for: a login, and at each request a token that names one of these people. So a person who is taken out
 * is refused at once, however long the login still lasts. The token is in a cookie that the proxies have checked, and have
 * decrypted for what comes after them.
 * @see https://gateway.envoyproxy.io/v1.9/tasks/security/oidc/ under "Azure Entra", with the claims of a token
 */
export function signedOn(
  route: string,
  { issuer, provider: { service }, endpoints, clientId, emails }: RouteSignOn,
): Pick<Security, "oidc" | "jwt" | "people"> {
  const { authorization, token, keys } = endpoints;
  const backend = service === undefined ? {} : { backend: service };
  const provider = "sign-on";
  const cookie = `sign-on-${route}`;
  return {
    oidc: {
      ...{ issuer, clientId, clientSecret: routeSecret(route).name },
      // Named, so that the controller need not ask the provider.
      endpoints: { authorization, token },
      ...backend,
      scopes: ["openid", "email", "profile"],
      idCookie: cookie,
      // By itself it would be /logout, which many applications have.
      logoutPath: `${ownPath}/logout`,
      unredirected: byScripts,
    },
    jwt: [{ name: provider, issuer, audiences: [clientId], keys, cookie, ...backend }],
    people: { provider, claim: "email", values: emails },
  };
}
