import type { Problem } from "../../../components/problem.ts";
import type { SiteConfig } from "../../schema.ts";
import { poolNetworks } from "../../../components/network/pool.ts";
import { canonicalCidr, overlap, tailscaleDevices } from "../../../components/network/cidr.ts";

type Tailnet = NonNullable<SiteConfig["tailnet"]>;

/**
 * Networks that the site's connector advertises: all of the site's that are exposed, unless the config
 * names others.
 */
export function connectorRoutes(
  { site, network }: SiteConfig,
  tailnet: Tailnet,
): readonly string[] {
  const { services, pods, loadBalancers, exposeServices, l2 } = network;
  return (
    tailnet.connector.routes ?? [
      ...(exposeServices ? [services] : []),
      pods,
      // Announced by ARP they are a part of the LAN.
      ...(l2 ? [] : poolNetworks(loadBalancers)),
      site.lan,
    ]
  );
}

/** What is wrong with a network that a connector is to advertise. */
export function routeProblems(path: string, cidr: string, instead: string): readonly Problem[] {
  // Said first: the whole internet overlaps everything.
  if (cidr.endsWith("/0")) return [{ path, text: `${cidr} is an exit node's route; ${instead}` }];
  const canonical = canonicalCidr(cidr);
  if (canonical !== cidr) return [{ path, text: `${cidr} has host bits set; use ${canonical}` }];
  if (!overlap(cidr, tailscaleDevices)) return [];
  return [
    {
      path,
      text: `${cidr} overlaps ${tailscaleDevices}, which Tailscale gives to devices; leave it out`,
    },
  ];
}

/** Overlapping networks of one list. */
export function repeatedRoutes(path: string, routes: readonly string[]): readonly Problem[] {
  return routes.flatMap((cidr, i) => {
    const first = routes.findIndex((other) => overlap(cidr, other));
    if (first === i || cidr.endsWith("/0")) return [];
    return [
      {
        path: `${path}[${i}]`,
        text: `${cidr} overlaps ${routes[first] ?? ""} of the same list; keep one of them`,
      },
    ];
  });
}
