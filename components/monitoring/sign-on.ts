import { trustBundle } from "../certificates/cert-manager-values.ts";
import type { Endpoints, Provider } from "../identity/client.ts";
import { signOnSecret } from "./names.ts";

/** People by their role in Grafana; who is in several has the first of them. */
export interface GrafanaRoles {
  readonly admins: readonly string[];
  readonly editors: readonly string[];
  readonly viewers: readonly string[];
}

/** Single sign-on of Grafana by OpenID Connect. */
export interface GrafanaSignOn {
  /** Name that people open it by. */
  readonly hostname: string;
  /** How long one stays signed on, in minutes or hours: `8h`. */
  readonly session: string;
  readonly provider: Provider;
  readonly endpoints: Endpoints;
  readonly clientId: string;
  /** E-mail addresses in lower case. */
  readonly roles: GrafanaRoles;
}

/** Where the provider sends people back to. */
export const grafanaRedirect = (hostname: string): string =>
  `https://${hostname}/login/generic_oauth`;

/** Where Grafana finds the site's own authority. */
const authorityFolder = "/etc/internal-ca";

/**
 * Values of the chart grafana: who is in no role may not sign on. A change of roles starts Grafana anew (the chart's
 * checksum of its config), and with its database, which lasts as long as its pod, all sessions are gone.
 * @see https://grafana.com/docs/grafana/latest/setup-grafana/configure-access/configure-authentication/generic-oauth/
 */
export function signOnValues(plan: GrafanaSignOn) {
  const { hostname, session, provider, endpoints, clientId, roles } = plan;
  const { authorization, token, userInfo } = endpoints;
  const { name, key } = signOnSecret;
  const { configMap, key: file } = trustBundle;
  const inside = provider.service !== undefined;
  return {
    envValueFrom: { GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET: { secretKeyRef: { name, key } } },
    ...(inside
      ? {
          extraConfigmapMounts: [
            { name: configMap, configMap, mountPath: authorityFolder, readOnly: true },
          ],
        }
      : {}),
    ini: {
      server: { root_url: `https://${hostname}` },
      auth: { login_maximum_lifetime_duration: session },
      "auth.generic_oauth": {
        ...{ enabled: true, name: provider.title, client_id: clientId },
        ...{ auth_url: authorization, token_url: token, api_url: userInfo },
        ...(inside ? { tls_client_ca: `${authorityFolder}/${file}` } : {}),
        scopes: "openid email profile",
        role_attribute_path: roleExpression(roles),
        role_attribute_strict: true,
      },
    },
  };
}

/**
 * The role of whoever a token names by `email`, as a JMESPath expression; false for a stranger.
 * @see https://jmespath.org/specification.html
 */
export function roleExpression({ admins, editors, viewers }: GrafanaRoles): string {
  const all = [
    ["Admin", admins],
    ["Editor", editors],
    ["Viewer", viewers],
  ] as const;
  return all
    .filter(([, emails]) => emails.length > 0)
    .map(([role, emails]) => `contains([${emails.map(literal).join(", ")}], email) && '${role}'`)
    .join(" || ");
}

/** A raw string: https://jmespath.org/specification.html#raw-string-literals */
const literal = (text: string): string => `'${text.replaceAll("'", "\\'")}'`;
