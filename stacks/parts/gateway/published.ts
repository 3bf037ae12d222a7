/** What routes at the gateway `public` show to the internet: cloudflared hands all of their names to that gateway. */
import type { PublicName } from "../../../components/edge/public-name.ts";
import type { SiteConfig } from "../../schema.ts";
import type { RouteConfig } from "./route-schema.ts";

/** A public name with the first of its routes; others that share it by their paths have the same door. */
export interface PublicRoute extends PublicName {
  /** Config path of the route. */
  readonly path: string;
  /** Config path of the name. */
  readonly from: string;
  readonly namespace: string;
  readonly service: string;
  /** Beginning of the paths that lead there, where not all do. */
  readonly pathPrefix?: string;
}

/** The public names of a site's routes, each once. */
export function publicRoutes(config: Pick<SiteConfig, "gateway">): readonly PublicRoute[] {
  const all = everyPublicRoute(config);
  return all.filter(({ hostname }, i) => all.findIndex((one) => one.hostname === hostname) === i);
}

/** Each public name of each route. */
export function everyPublicRoute({ gateway }: Pick<SiteConfig, "gateway">): readonly PublicRoute[] {
  return Object.entries(gateway?.routes ?? {}).flatMap(([name, route]) => {
    if (route.gateway !== "public" || route.kind !== "http") return [];
    const path = `homelab:gateway.routes.${name}`;
    return route.hostnames.map((hostname, i): PublicRoute => ({
      ...{ hostname, path, from: `${path}.hostnames[${i}]` },
      ...{ namespace: route.namespace, service: route.service },
      ...(route.path === undefined ? {} : { pathPrefix: route.path }),
      ...doorOf(route),
    }));
  });
}

/** Who may pass, as a route says it. */
export function doorOf({ access, withoutAccess }: RouteConfig): Omit<PublicName, "hostname"> {
  return { access, ...(withoutAccess === undefined ? {} : { withoutAccess }) };
}
