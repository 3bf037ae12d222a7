import { gatewayNamespace, type GatewayName } from "./plan.ts";
import { gatewayGroup } from "./listeners.ts";

/** The gateway that a route attaches to, and of its listeners one, or all that the route's kind and names fit. */
export interface Parent {
  readonly gateway: GatewayName;
  readonly listener?: string | undefined;
}

/** A Service in the route's own namespace. */
export interface Backend {
  readonly service: string;
  readonly port: number;
  /** Its share among several; 1 when left out. */
  readonly weight?: number | undefined;
}

/** What requests a rule is for; all that it names must hold. */
export interface HttpMatch {
  readonly path?: {
    readonly type: "Exact" | "PathPrefix" | "RegularExpression";
    readonly value: string;
  };
  readonly method?:
    "GET" | "HEAD" | "POST" | "PUT" | "DELETE" | "CONNECT" | "OPTIONS" | "TRACE" | "PATCH";
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
}

/** Changes of headers; a name of `set` replaces, one of `add` adds to what is there. */
export interface HeaderChanges {
  readonly set?: Readonly<Record<string, string>>;
  readonly add?: Readonly<Record<string, string>>;
  readonly remove?: readonly string[];
}

export interface HttpRule {
  /** One of these must fit; every request when left out. */
  readonly matches?: readonly HttpMatch[];
  readonly backends?: readonly Backend[];
  readonly requestHeaders?: HeaderChanges;
  readonly responseHeaders?: HeaderChanges;
  readonly rewrite?: { readonly hostname?: string; readonly prefix?: string };
  readonly redirect?: {
    readonly scheme?: "http" | "https";
    readonly hostname?: string;
    readonly status?: 301 | 302;
  };
  /** Name of an HTTPRouteFilter beside the route, by which the proxies answer themselves. */
  readonly answer?: string;
  /** How long the answer to a request may take, such as `30s`; without end when left out, as for downloads and streams. */
  readonly timeout?: string;
}

export interface HttpRoutePlan {
  readonly parents: readonly Parent[];
  /** Names that it is for; those of its listeners when left out. */
  readonly hostnames?: readonly string[];
  readonly rules: readonly HttpRule[];
}

export interface TlsRoutePlan {
  readonly parents: readonly Parent[];
  /** Names in the handshake; Gateway API asks for at least one. */
  readonly hostnames: readonly [string, ...string[]];
  readonly backends: readonly Backend[];
}

/** Of TCP and of UDP, which have no names: the listener alone chooses. */
export interface PortRoutePlan {
  readonly parents: readonly (Parent & { readonly listener: string })[];
  readonly backends: readonly Backend[];
}

/** @see https://gateway-api.sigs.k8s.io/reference/spec/#parentreference */
function parentRefs(parents: readonly Parent[]) {
  return parents.map(({ gateway, listener }) => ({
    ...{ group: gatewayGroup, kind: "Gateway", namespace: gatewayNamespace.name, name: gateway },
    ...(listener === undefined ? {} : { sectionName: listener }),
  }));
}

function backendRefs(backends: readonly Backend[]) {
  return backends.map(({ service, port, weight = 1 }) => ({
    ...{ group: "", kind: "Service", name: service, port, weight },
  }));
}

const pairs = (values: Readonly<Record<string, string>> = {}) =>
  Object.entries(values).map(([name, value]) => ({ name, value }));

function headerChanges({ set, add, remove = [] }: HeaderChanges) {
  return {
    ...(set === undefined ? {} : { set: pairs(set) }),
    ...(add === undefined ? {} : { add: pairs(add) }),
    ...(remove.length === 0 ? {} : { remove: [...remove] }),
  };
}

function httpMatch({ path, method, headers, query }: HttpMatch) {
  return {
    ...(path === undefined ? {} : { path }),
    ...(method === undefined ? {} : { method }),
    ...(headers === undefined ? {} : { headers: pairs(headers) }),
    ...(query === undefined ? {} : { queryParams: pairs(query) }),
  };
}

/** The filters of a rule, in the order in which Gateway API lists them. */
function filters({ requestHeaders, responseHeaders, rewrite, redirect, answer }: HttpRule) {
  return [
    ...(requestHeaders === undefined
      ? []
      : [{ type: "RequestHeaderModifier", requestHeaderModifier: headerChanges(requestHeaders) }]),
    ...(responseHeaders === undefined
      ? []
      : [
          {
            type: "ResponseHeaderModifier",
            responseHeaderModifier: headerChanges(responseHeaders),
          },
        ]),
    ...(redirect === undefined
      ? []
      : [
          {
            type: "RequestRedirect",
            requestRedirect: {
              ...(redirect.scheme === undefined ? {} : { scheme: redirect.scheme }),
              ...(redirect.hostname === undefined ? {} : { hostname: redirect.hostname }),
              statusCode: redirect.status ?? 301,
            },
          },
        ]),
    ...(rewrite === undefined
      ? []
      : [
          {
            type: "URLRewrite",
            urlRewrite: {
              ...(rewrite.hostname === undefined ? {} : { hostname: rewrite.hostname }),
              ...(rewrite.prefix === undefined
                ? {}
                : { path: { type: "ReplacePrefixMatch", replacePrefixMatch: rewrite.prefix } }),
            },
          },
        ]),
    ...(answer === undefined
      ? []
      : [
          {
            type: "ExtensionRef",
            extensionRef: {
              ...{ group: "gateway.envoyproxy.io", kind: "HTTPRouteFilter", name: answer },
            },
          },
        ]),
  ];
}

/** @see https://gateway-api.sigs.k8s.io/reference/spec/#httproute */
export function httpRouteSpec({ parents, hostnames, rules }: HttpRoutePlan) {
  return {
    parentRefs: parentRefs(parents),
    ...(hostnames === undefined ? {} : { hostnames: [...hostnames] }),
    rules: rules.map((rule) => {
      const { matches, backends, timeout } = rule;
      const changed = filters(rule);
      return {
        ...(matches === undefined ? {} : { matches: matches.map(httpMatch) }),
        ...(changed.length === 0 ? {} : { filters: changed }),
        // Envoy's own limit is 15 s, which cuts downloads off.
        ...(backends === undefined
          ? {}
          : { backendRefs: backendRefs(backends), timeouts: { request: timeout ?? "0s" } }),
      };
    }),
  };
}

/** @see https://gateway-api.sigs.k8s.io/reference/spec/#tlsroute */
export function tlsRouteSpec({ parents, hostnames, backends }: TlsRoutePlan) {
  return {
    parentRefs: parentRefs(parents),
    hostnames: [...hostnames],
    rules: [{ backendRefs: backendRefs(backends) }],
  };
}

/** Spec of a TCPRoute and of a UDPRoute, which have the same form. */
export function portRouteSpec({ parents, backends }: PortRoutePlan) {
  return { parentRefs: parentRefs(parents), rules: [{ backendRefs: backendRefs(backends) }] };
}
