import { Provider as Cloudflare } from "@pulumi/cloudflare/provider.js";
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
  { name, config, secrets }: Site,
  publish: readonly Publication[],
  cluster: RunningCluster,
): ServiceTokens {
  const { edge } = config;
  if (edge === undefined) return {};
  const { apiToken, ...plan } = edge;
  const cloudflare = new Cloudflare("cloudflare", { apiToken: secrets.get(apiToken) });
  const args = { site: name, ...plan, publish, addresses: publicAddresses(config), cluster };
  return new Edge(name, args, { providers: [cloudflare] }).serviceTokens;
}

/** Names of the site that lead the internet to an address. */
function publicAddresses(config: SiteConfig): readonly PublicAddress[] {
  if (!isNamed(config)) return [];
  return siteViews(config).public.flatMap(({ name: hostname, place }) =>
    place === "tunnel" ? [] : [{ hostname, ...place }],
  );
}
