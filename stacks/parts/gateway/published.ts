/** What routes at the gateway `public` show to the internet: cloudflared hands all of their names to that gateway. */
import type { Surface } from "../../../components/edge/administration.ts";
import { doorOf, type PublicName } from "../../../components/edge/public-name.ts";
import type { SiteConfig } from "../../schema.ts";

/** A public name with the first of its routes; others that share it by their paths have the same door. */
export interface PublicRoute extends PublicName {
  /** Config path of the route. */
  readonly path: string;
  /** Config path of the name. */
  readonly from: string;
  /** The Service that answers. */
  readonly behind: Surface;
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
    const at = `homelab:gateway.routes.${name}`;
    const { hostnames, namespace, service, path } = route;
    return hostnames.map((hostname, i): PublicRoute => ({
      ...{ hostname, path: at, from: `${at}.hostnames[${i}]` },
      behind: { namespace, service, path },
      ...doorOf(route),
    }));
  });
}
