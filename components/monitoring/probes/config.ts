/** Configuration of the probers: prometheus/blackbox_exporter v0.28.0, CONFIGURATION.md and config/config.go. */
import { trustBundle } from "../../certificates/cert-manager-values.ts";
import { teamHost } from "../../edge/open-id.ts";
import { literal } from "../../literal.ts";
import type { ModuleName, Side } from "./plan.ts";

/** Where the probers' files are. */
export const folders = {
  config: "/etc/prober",
  /** The site's own authority. */
  trust: "/etc/trust",
  /** The token of Access. */
  access: "/etc/access",
} as const;

/** Files with the token's two halves. */
export const tokenFiles = { id: "client-id", secret: "client-secret" } as const;

/**
 * What an application answers with, logins among it. Not 404, by which Envoy and cloudflared say that nothing stands behind
 * a name, and nothing from 500 on.
 */
const answers = [200, 201, 204, 301, 302, 303, 307, 308, 400, 401, 403, 405, 406, 426];

/** What all requests have in common. Their answer is looked at itself: where it leads to may be anybody's. */
const http = {
  preferred_ip_protocol: "ip4",
  ip_protocol_fallback: false,
  follow_redirects: false,
  valid_status_codes: answers,
} as const;

/**
 * Access sends who may not pass to its login, or away where only programs pass.
 * @see https://developers.cloudflare.com/cloudflare-one/access-controls/service-credentials/service-tokens/
 */
const login = (team: string) => ({
  header: "Location",
  regexp: `^https://${literal(teamHost(team))}/`,
});

const timeout = "15s";

/** The modules of one prober. `team` is Zero Trust's, where the site has one. */
export function proberConfig(side: Side, team = ""): { readonly modules: Partial<Modules> } {
  return { modules: side === "inside" ? inside : outside(team) };
}

type Modules = Record<ModuleName, Readonly<Record<string, unknown>>>;

const request = (further: Readonly<Record<string, unknown>>) => ({
  ...{ prober: "http", timeout },
  http: { ...http, ...further },
});

const inside: Partial<Modules> = {
  https: request({ fail_if_not_ssl: true }),
  "https-own": request({
    fail_if_not_ssl: true,
    tls_config: { ca_file: `${folders.trust}/${trustBundle.key}` },
  }),
  "https-unverified": request({
    fail_if_not_ssl: true,
    tls_config: { insecure_skip_verify: true },
  }),
  http: request({}),
  // Whose certificate it is, only the program behind it can say.
  tls: {
    ...{ prober: "tcp", timeout },
    tcp: { preferred_ip_protocol: "ip4", tls: true, tls_config: { insecure_skip_verify: true } },
  },
  tcp: { prober: "tcp", timeout, tcp: { preferred_ip_protocol: "ip4" } },
};

function outside(team: string): Partial<Modules> {
  return {
    visitor: request({ fail_if_not_ssl: true }),
    program: request({
      fail_if_not_ssl: true,
      // By these two Access turns away a token that it does not know.
      valid_status_codes: answers.filter((code) => code !== 403),
      fail_if_header_matches: [{ ...login(team), allow_missing: true }],
      // Read at each request, so that a new token needs no new pod (prometheus/common, config/headers.go).
      http_headers: {
        "CF-Access-Client-Id": { files: [`${folders.access}/${tokenFiles.id}`] },
        "CF-Access-Client-Secret": { files: [`${folders.access}/${tokenFiles.secret}`] },
      },
    }),
    // A refusal may be the application's own, which Access no longer stands before: it leads nowhere (prober/http.go).
    stranger: request({
      fail_if_not_ssl: true,
      valid_status_codes: [302],
      fail_if_header_not_matches: [{ ...login(team), allow_missing: false }],
    }),
    "stranger-refused": request({
      fail_if_not_ssl: true,
      valid_status_codes: [302, 401, 403],
      fail_if_header_not_matches: [{ ...login(team), allow_missing: true }],
    }),
  };
}
