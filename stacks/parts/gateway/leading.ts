import type { SiteConfig } from "../../schema.ts";
import type { RouteConfig } from "./route-schema.ts";

/** The routes by which a name leads to a Service, by their own names. */
export function routesTo(
  gateway: SiteConfig["gateway"],
  hostname: string,
  target: Pick<RouteConfig, "namespace" | "service" | "port">,
): readonly (readonly [name: string, route: RouteConfig])[] {
  return Object.entries(gateway?.routes ?? {}).filter(
    ([, { hostnames, namespace, service, port }]) =>
      hostnames.includes(hostname) &&
      namespace === target.namespace &&
      service === target.service &&
      port === target.port,
  );
}
