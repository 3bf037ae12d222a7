import { namesNamespace } from "../../../components/names/resolver.ts";
import { resolverPorts } from "../../../components/names/resolver-corefile.ts";
import {
  addresses,
  cluster,
  dnsOn,
  dnsPorts,
  pods,
  world,
  type Flow,
} from "../../../components/policies/flow.ts";
import type { SiteConfig } from "../../schema.ts";
import { connectors } from "../tailnet/traffic.ts";

const resolver = pods("site's DNS server", namesNamespace.name, {
  "app.kubernetes.io/name": "resolver",
});

/** The LAN, the tailnet and the cluster's own caches ask the site's DNS server; it asks whom `forward` names. */
export function namesTraffic({ names, tailnet, networkPolicy }: SiteConfig): readonly Flow[] {
  if (names === undefined) return [];
  const asked = dnsOn(resolverPorts.dns);
  const servers = addresses(names.forward);
  return [
    { from: world, to: resolver, ports: asked, why: "names of the site" },
    { from: cluster, to: resolver, ports: asked, why: "names of the site" },
    // Where the Connector may not go to all pods: homelab:tailnet.splitDns may name this server.
    ...(tailnet !== undefined && networkPolicy?.tailnet === false
      ? [{ from: connectors, to: resolver, ports: asked, why: "names of the site" } as const]
      : []),
    ...(names.forward.length === 0
      ? []
      : [{ from: resolver, to: servers, ports: dnsPorts, why: "names of others" } as const]),
  ];
}
