import { gatewayGroup } from "./listeners.ts";

/** What a policy is for: a gateway or one of its listeners, or a route, in the policy's own namespace. */
export interface PolicyTarget {
  readonly kind: "Gateway" | "HTTPRoute" | "TLSRoute" | "TCPRoute" | "UDPRoute";
  readonly name: string;
  readonly listener?: string;
}

function targetRefs({ kind, name, listener }: PolicyTarget) {
  const ref = { group: gatewayGroup, kind, name };
  return [listener === undefined ? ref : { ...ref, sectionName: listener }];
}

/** What a gateway takes from clients. */
export interface ClientTraffic {
  /** Networks of proxies before it, whose X-Forwarded-For is believed. */
  readonly trustedProxies?: readonly string[];
  /** ConfigMaps in the gateway's namespace with the authorities, key `ca.crt`, that clients' certificates must be of. */
  readonly clientAuthorities?: readonly string[];
  /** Least version of TLS. */
  readonly minimumTls?: "1.2" | "1.3";
  /** What becomes of paths with `%2F` or `%5C`; clients are sent to the path with slashes when left out. */
  readonly escapedSlashes?:
    "KeepUnchanged" | "RejectRequest" | "UnescapeAndForward" | "UnescapeAndRedirect";
}

/** @see https://gateway.envoyproxy.io/docs/api/extension_types/#clienttrafficpolicyspec */
export function clientTrafficSpec(target: PolicyTarget, traffic: ClientTraffic) {
  const { trustedProxies, clientAuthorities, minimumTls, escapedSlashes } = traffic;
  const tls = {
    ...(minimumTls === undefined ? {} : { minVersion: minimumTls }),
    ...(clientAuthorities === undefined
      ? {}
      : {
          clientValidation: {
            caCertificateRefs: clientAuthorities.map((name) => ({
              ...{ group: "", kind: "ConfigMap", name },
            })),
          },
        }),
  };
  return {
    targetRefs: targetRefs(target),
    ...(trustedProxies === undefined
      ? {}
      : { clientIPDetection: { xForwardedFor: { trustedCIDRs: [...trustedProxies] } } }),
    ...(Object.keys(tls).length === 0 ? {} : { tls }),
    ...(escapedSlashes === undefined ? {} : { path: { escapedSlashesAction: escapedSlashes } }),
  };
}

/** How many requests are let through. */
export interface RateLimit {
  /** `local` is counted by each proxy for itself, `global` by all together, which needs a Redis. */
  readonly scope: "local" | "global";
  readonly requests: number;
  readonly unit: "Second" | "Minute" | "Hour";
  /** Whether each client address has a count of its own. */
  readonly perClient?: boolean;
}

/** What becomes of requests on their way to the backends. */
export interface BackendTraffic {
  readonly rateLimit?: RateLimit;
  /** Largest body, such as `10Mi`; larger ones get 413. The whole body is kept in memory meanwhile, and no websocket passes. */
  readonly body?: string;
}

/** @see https://gateway.envoyproxy.io/docs/api/extension_types/#backendtrafficpolicyspec */
export function backendTrafficSpec(target: PolicyTarget, traffic: BackendTraffic) {
  const { rateLimit, body } = traffic;
  return {
    targetRefs: targetRefs(target),
    ...(rateLimit === undefined ? {} : { rateLimit: rateLimitSpec(rateLimit) }),
    ...(body === undefined ? {} : { requestBuffer: { limit: body } }),
  };
}

/** Every client, each counted for itself. An IPv6 address lies in no network of IPv4, and selectors of one rule must all hold. */
const everyClient = ["0.0.0.0/0", "::/0"].map((value) => ({
  clientSelectors: [{ sourceCIDR: { type: "Distinct", value } }],
}));

function rateLimitSpec({ scope, requests, unit, perClient = false }: RateLimit) {
  const whose = perClient ? everyClient : [{}];
  const rules = whose.map((selected) => ({ ...selected, limit: { requests, unit } }));
  return scope === "local"
    ? { type: "Local", local: { rules } }
    : { type: "Global", global: { rules } };
}

/** A Service in the cluster, in a namespace that lets policies of others refer to it. */
export interface PolicyBackend {
  readonly name: string;
  readonly namespace: string;
  readonly port: number;
}

/** Login at an identity provider. */
export interface Oidc {
  readonly issuer: string;
  readonly clientId: string;
  /** Secret with the key `client-secret`, in the policy's namespace. */
  readonly clientSecret: string;
  readonly redirectUrl?: string;
  readonly scopes?: readonly string[];
  /** Where people log in and where the proxies ask for tokens; discovered from the issuer when left out. */
  readonly endpoints?: { readonly authorization: string; readonly token: string };
  /** Where it is asked for tokens, where that is a Service; the host of `endpoints` otherwise. */
  readonly backend?: PolicyBackend;
  /** Cookie of the token that says who somebody is; a name of the controller's when left out. */
  readonly idCookie?: string;
  /** Path that ends a login; `/logout` when left out. */
  readonly logoutPath?: string;
  /** Headers, one of which a request has that gets 401 without a login, in place of the way to one. */
  readonly unredirected?: readonly { readonly name: string; readonly value: string }[];
}

/** Tokens that programs show. */
export interface Jwt {
  readonly name: string;
  readonly issuer: string;
  readonly audiences?: readonly string[];
  /** Where the issuer's keys are. */
  readonly keys: string;
  /** The Service that has them; the host of `keys` when left out. */
  readonly backend?: PolicyBackend;
  /** Cookie with the token; the header `Authorization` when left out. */
  readonly cookie?: string;
}

/** People by a claim of their token. */
export interface Claimed {
  /** Name of one of `jwt`. */
  readonly provider: string;
  readonly claim: string;
  readonly values: readonly string[];
}

export interface Cors {
  readonly origins: readonly string[];
  readonly methods?: readonly string[];
  readonly headers?: readonly string[];
  readonly credentials?: boolean;
}

/** Who may pass. */
export interface Security {
  readonly oidc?: Oidc;
  readonly jwt?: readonly Jwt[];
  /** Secret with the key `.htpasswd`, lines of `{SHA}`, in the policy's namespace. */
  readonly basicAuth?: string;
  /** Networks of clients; all others get 403. */
  readonly allow?: readonly string[] | undefined;
  /** Whose tokens pass; all others get 403. */
  readonly people?: Claimed | undefined;
  readonly cors?: Cors;
}

/** @see https://gateway.envoyproxy.io/docs/api/extension_types/#securitypolicyspec */
export function securitySpec(target: PolicyTarget, security: Security) {
  const { oidc, jwt, basicAuth, allow, people, cors } = security;
  return {
    targetRefs: targetRefs(target),
    ...(oidc === undefined ? {} : { oidc: oidcSpec(oidc) }),
    ...(jwt === undefined ? {} : { jwt: { providers: jwt.map(jwtProvider) } }),
    ...(basicAuth === undefined ? {} : { basicAuth: { users: secretRef(basicAuth) } }),
    ...(cors === undefined ? {} : { cors: corsSpec(cors) }),
    ...(allow === undefined && people === undefined
      ? {}
      : {
          authorization: {
            defaultAction: "Deny",
            rules: [{ action: "Allow", principal: principal({ allow, people }) }],
          },
        }),
  };
}

/** All that it names must hold. */
function principal({ allow, people }: Pick<Security, "allow" | "people">) {
  return {
    ...(allow === undefined ? {} : { clientCIDRs: [...allow] }),
    ...(people === undefined
      ? {}
      : {
          jwt: {
            provider: people.provider,
            claims: [{ name: people.claim, values: [...people.values] }],
          },
        }),
  };
}

const backendRefs = (backend: PolicyBackend | undefined) =>
  backend === undefined ? {} : { backendRefs: [{ group: "", kind: "Service", ...backend }] };

const secretRef = (name: string) => ({ group: "", kind: "Secret", name });

function oidcSpec(oidc: Oidc) {
  const { issuer, clientId, clientSecret, redirectUrl, scopes } = oidc;
  const { endpoints, backend, idCookie, logoutPath, unredirected } = oidc;
  return {
    provider: {
      issuer,
      ...backendRefs(backend),
      ...(endpoints === undefined
        ? {}
        : {
            authorizationEndpoint: endpoints.authorization,
            tokenEndpoint: endpoints.token,
          }),
    },
    clientID: clientId,
    clientSecret: secretRef(clientSecret),
    ...(redirectUrl === undefined ? {} : { redirectURL: redirectUrl }),
    ...(scopes === undefined ? {} : { scopes: [...scopes] }),
    ...(idCookie === undefined ? {} : { cookieNames: { idToken: idCookie } }),
    ...(logoutPath === undefined ? {} : { logoutPath }),
    ...(unredirected === undefined
      ? {}
      : {
          denyRedirect: {
            headers: unredirected.map((header) => ({ ...header, type: "Exact" })),
          },
        }),
  };
}

/** The keys of a provider in the cluster are asked for often: a new one is known before anybody waits for it. */
const keysOfOwn = { cacheDuration: "30s" } as const;

function jwtProvider({ name, issuer, audiences, keys, backend, cookie }: Jwt) {
  const own = backend === undefined ? {} : { ...backendRefs(backend), ...keysOfOwn };
  return {
    ...{ name, issuer, remoteJWKS: { uri: keys, ...own } },
    ...(audiences === undefined ? {} : { audiences: [...audiences] }),
    ...(cookie === undefined ? {} : { extractFrom: { cookies: [cookie] } }),
  };
}

function corsSpec({ origins, methods, headers, credentials }: Cors) {
  return {
    allowOrigins: [...origins],
    ...(methods === undefined ? {} : { allowMethods: [...methods] }),
    ...(headers === undefined ? {} : { allowHeaders: [...headers] }),
    ...(credentials === undefined ? {} : { allowCredentials: credentials }),
  };
}
