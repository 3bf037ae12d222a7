import { doorOf } from "../../../components/edge/public-name.ts";
import { listenersOf, type Listener } from "../../../components/gateway/listeners.ts";
import type { GatewayPlan } from "../../../components/gateway/plan.ts";
import { domainAbove } from "../../../components/names/names.ts";
import type { Problem } from "../../../components/problem.ts";
import type { SiteConfig } from "../../schema.ts";
import { covers, domainsOf } from "./plans.ts";
import type { RouteConfig } from "./route-schema.ts";

type Gateway = NonNullable<SiteConfig["gateway"]>;
type NamedRoute = readonly [name: string, route: RouteConfig];

/** Protocols of listeners that take a kind of route. */
const takenBy: Readonly<Record<RouteConfig["kind"], readonly Listener["protocol"][]>> = {
  http: ["HTTP", "HTTPS"],
  tls: ["TLS"],
  tcp: ["TCP"],
  udp: ["UDP"],
};

/** What only requests of HTTP have. */
const ofHttp = ["path", "timeout", "body", "rateLimit", "allow"] as const;

/**
 * Every route has a listener that takes it, names that are its gateway's, and what it asks for can be done.
 * @param moved gateways to which clients come with another address than theirs: why, and what to do instead
 * @param signOn who signs on before a route, by its name
 */
export function checkRoutes(
  gateway: Gateway,
  plans: readonly GatewayPlan[],
  moved: Partial<Readonly<Record<RouteConfig["gateway"], string>>>,
  signOn: Readonly<Record<string, readonly string[]>> = {},
): readonly Problem[] {
  const passes = ([name, { allow }]: NamedRoute): string => JSON.stringify([allow, signOn[name]]);
  const routes = Object.entries(gateway.routes);
  return routes.flatMap(([name, route], i) => {
    const path = `homelab:gateway.routes.${name}`;
    const plan = plans.find((one) => one.name === route.gateway);
    if (plan === undefined) return [absent(path, route, plans)];
    const before = routes.slice(0, i);
    return [
      ...listener(path, route, listenersOf(plan)),
      ...names(path, route, gateway, plan),
      ...kind(path, route),
      ...limit(path, route, gateway),
      ...clients(path, route, moved[route.gateway]),
      ...taken(path, route, before),
      ...door(path, route, before),
      ...parted(path, [name, route], before, passes),
    ];
  });
}

function absent(path: string, { gateway }: RouteConfig, plans: readonly GatewayPlan[]): Problem {
  const remedy =
    gateway === "internal"
      ? "set homelab:gateway.internal.enabled"
      : "add homelab:edge, which it stands behind";
  const known = plans.map(({ name }) => name).join(", ");
  return {
    path: `${path}.gateway`,
    text: `the site has no gateway ${gateway}; ${remedy}, or use one of ${known}`,
  };
}

function listener(
  path: string,
  { kind: of, listener: wanted, gateway, hostnames }: RouteConfig,
  all: readonly Listener[],
): readonly Problem[] {
  const fitting = all.filter(({ protocol }) => takenBy[of].includes(protocol));
  const known = fitting.map(({ name }) => name).join(", ") || "none";
  const at = `${path}.listener`;
  if (wanted === undefined) {
    if (of === "http" || (of === "tls" && fitting.length > 0)) return [];
    const text = `is missing; gateway ${gateway} has for ${of}: ${known}`;
    return [{ path: at, text }];
  }
  const found = fitting.find(({ name }) => name === wanted);
  if (found === undefined)
    return [
      {
        path: at,
        text: `gateway ${gateway} has no listener ${wanted} for ${of}; it has: ${known}`,
      },
    ];
  return hostnames.flatMap((name, i) =>
    found.hostname === undefined || within(name, found.hostname)
      ? []
      : [
          {
            path: `${path}.hostnames[${i}]`,
            text: `${name} is no name of listener ${wanted}, which takes ${found.hostname}`,
          },
        ],
  );
}

/** Whether a name is one of a listener's: the name itself, or one below the star. */
function within(name: string, hostname: string): boolean {
  return hostname.startsWith("*.") ? name.endsWith(hostname.slice(1)) : name === hostname;
}

/** Names lie in the gateway's domains, and have a certificate. */
function names(
  path: string,
  { kind: of, gateway, hostnames }: RouteConfig,
  section: Gateway,
  { certificates }: GatewayPlan,
): readonly Problem[] {
  if (of === "tcp" || of === "udp")
    return hostnames.length === 0
      ? []
      : [{ path: `${path}.hostnames`, text: `${of} knows no names; remove them` }];
  if (hostnames.length === 0)
    return [{ path: `${path}.hostnames`, text: "is missing; say which names it is for" }];
  const domains = domainsOf(gateway, section);
  return hostnames.flatMap((name, i) => {
    const at = `${path}.hostnames[${i}]`;
    const domain = domains.find((one) => name.endsWith(`.${one}`));
    if (domain === undefined) {
      const text = `${name} lies outside of the domains of gateway ${gateway}; they are ${domains.join(", ")}`;
      return [{ path: at, text }];
    }
    // Of a public name Cloudflare's certificate counts: the edge looks at it.
    if (of !== "http" || gateway === "public" || certificates.some((one) => covers(one, name)))
      return [];
    const wanted = `*.${domainAbove(name)}`;
    const text = `${name} is not covered by a certificate of *.${domain}; use one label, or add one for ${wanted} to homelab:certificates.further`;
    return [{ path: at, text }];
  });
}

function kind(path: string, route: RouteConfig): readonly Problem[] {
  if (route.kind === "http") return [];
  return ofHttp
    .filter((key) => route[key] !== undefined)
    .map((key) => ({
      path: `${path}.${key}`,
      text: `is for requests of http, and this route is ${route.kind}; remove it`,
    }));
}

function limit(path: string, { rateLimit }: RouteConfig, { redis }: Gateway): readonly Problem[] {
  if (rateLimit?.scope !== "global" || redis !== undefined) return [];
  const text =
    "proxies count together in a Redis, and there is none; add homelab:gateway.redis, or use local";
  return [{ path: `${path}.rateLimit.scope`, text }];
}

/** What tells clients apart by their address. */
function clients(
  path: string,
  { allow, rateLimit }: RouteConfig,
  moved: string | undefined,
): readonly Problem[] {
  if (moved === undefined) return [];
  return [
    ...(allow === undefined ? [] : [`${path}.allow`]),
    ...(rateLimit?.perClient === true ? [`${path}.rateLimit.perClient`] : []),
  ].map((at) => ({ path: at, text: `cannot tell clients apart: ${moved}` }));
}

/** Access stands in front of public names alone, and of all paths of one. */
function door(path: string, route: RouteConfig, before: readonly NamedRoute[]): readonly Problem[] {
  if (route.gateway !== "public") {
    const text = `concerns public names, and gateway ${route.gateway} has none; use gateway: public, or remove it`;
    return [
      ...(route.access.length > 0 ? [{ path: `${path}.access`, text }] : []),
      ...(route.withoutAccess === undefined ? [] : [{ path: `${path}.withoutAccess`, text }]),
    ];
  }
  const said = JSON.stringify(doorOf(route));
  const rival = before.find(
    ([, one]) =>
      one.gateway === "public" &&
      one.hostnames.some((name) => route.hostnames.includes(name)) &&
      JSON.stringify(doorOf(one)) !== said,
  );
  if (rival === undefined) return [];
  const text = `the route ${rival[0]} has the same name and another door, and Access stands in front of a name with all its paths; say the same at both, or use another name`;
  return [{ path: `${path}.access`, text }];
}

/**
 * Who may pass is the same for all paths of one Service: proxies take `/open/..%2Fclosed` for a path below `/open`, and what
 * answers may take it for `/closed`.
 */
function parted(
  path: string,
  [name, route]: NamedRoute,
  before: readonly NamedRoute[],
  passes: (one: NamedRoute) => string,
): readonly Problem[] {
  const answers = ({ gateway, kind: of, namespace, service }: RouteConfig): string =>
    [gateway, of, namespace, service].join(" ");
  const rival = before.find(
    ([other, one]) =>
      one.path !== route.path &&
      answers(one) === answers(route) &&
      one.hostnames.some((host) => route.hostnames.includes(host)) &&
      passes([other, one]) !== passes([name, route]),
  );
  if (rival === undefined) return [];
  const text = `the route ${rival[0]} leads to the same Service by the same name and lets others pass, and a slash written as %2F leads from one path to the other; let the same pass at both, or use another name`;
  return [{ path: `${path}.path`, text }];
}

/** Of two routes that match alike the controller would pass over the younger, or refuse both. */
function taken(
  path: string,
  route: RouteConfig,
  before: readonly NamedRoute[],
): readonly Problem[] {
  const alike = (one: RouteConfig): boolean =>
    one.gateway === route.gateway && one.kind === route.kind && one.listener === route.listener;
  if (route.kind === "tcp" || route.kind === "udp") {
    const rival = before.find(([, one]) => alike(one));
    if (rival === undefined) return [];
    const text = `${route.listener ?? "the listener"} has the route ${rival[0]} already, and ${route.kind} cannot tell two apart; use a listener of its own`;
    return [{ path: `${path}.listener`, text }];
  }
  return route.hostnames.flatMap((name, i) => {
    const rival = before.find(
      ([, one]) => alike(one) && one.path === route.path && one.hostnames.includes(name),
    );
    return rival === undefined
      ? []
      : [
          {
            path: `${path}.hostnames[${i}]`,
            text: `${name} is the route ${rival[0]}'s already; use another name or path`,
          },
        ];
  });
}
