import type { Provider } from "@pulumi/cloudflare/provider.js";
import type { ServiceTokenLogin } from "../../../components/edge/access.ts";
import { Edge, type PublicAddress } from "../../../components/edge/edge.ts";
import type { Publication } from "../../../components/edge/publication.ts";
import type { RunningCluster } from "../../../components/workload/running-cluster.ts";
import type { Site } from "../../open-site.ts";
import type { SiteConfig } from "../../schema.ts";
import { isNamed, siteViews } from "../names/list.ts";

/** Logins of programs at Access, by token name; secret. */
export type ServiceTokens = Readonly<Record<string, ServiceTokenLogin>>;

/** Publishes what the applications ask for, where the config has an edge. */
export function deployEdge(
  { name, config }: Site,
  publish: readonly Publication[],
  cluster: RunningCluster,
  cloudflare: Provider | undefined,
): ServiceTokens {
  const { edge } = config;
  if (edge === undefined || cloudflare === undefined) return {};
  const args = { site: name, ...edge, publish, addresses: publicAddresses(config), cluster };
  return new Edge(name, args, { providers: [cloudflare] }).serviceTokens;
}

/** Names of the site that lead the internet to an address. */
function publicAddresses(config: SiteConfig): readonly PublicAddress[] {
  if (!isNamed(config)) return [];
  return siteViews(config).public.flatMap(({ name: hostname, place }) =>
    place === "tunnel" ? [] : [{ hostname, ...place }],
  );
}
