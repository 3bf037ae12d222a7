import type { Provider } from "@pulumi/cloudflare/provider.js";
import type { ServiceTokenLogin } from "../../../components/edge/access.ts";
import { Edge, type PublicAddress } from "../../../components/edge/edge.ts";
import type { Publication } from "../../../components/edge/publication.ts";
import { endSessions } from "../../../components/edge/sessions.ts";
import type { RunningCluster } from "../../../components/workload/running-cluster.ts";
import type { Site } from "../../open-site.ts";
import type { SiteConfig } from "../../schema.ts";
import type { SiteCluster } from "../cluster/deploy.ts";
import { isNamed, siteViews } from "../names/list.ts";

/** Logins of programs at Access, by token name; secret. */
export type ServiceTokens = Readonly<Record<string, ServiceTokenLogin>>;

/** What the edge finds there. */
export interface EdgeSurroundings {
  /** What is shown to the internet. */
  readonly publish: readonly Publication[];
  readonly running: RunningCluster;
  readonly cloudflare: Provider | undefined;
}

/** Publishes what the applications ask for, where the config has an edge. */
export function deployEdge(
  { name, config, secrets }: Site,
  { nodes: [machine] }: SiteCluster,
  { publish, running: cluster, cloudflare }: EdgeSurroundings,
): ServiceTokens {
  const { edge } = config;
  if (edge === undefined || cloudflare === undefined) return {};
  const args = { site: name, ...edge, publish, addresses: publicAddresses(config), cluster };
  const made = new Edge(name, args, { providers: [cloudflare] });
  if (config.identity !== undefined && made.guarded.length > 0) {
    const { accountId, access } = edge;
    const apiToken = secrets.get(edge.apiToken);
    const asked = { accountId, apiToken, access, machine, after: [made.access] };
    for (const guarded of made.guarded) endSessions(guarded, asked, made);
  }
  return made.serviceTokens;
}

/** Names of the site that lead the internet to an address. */
function publicAddresses(config: SiteConfig): readonly PublicAddress[] {
  if (!isNamed(config)) return [];
  return siteViews(config).public.flatMap(({ name: hostname, place }) =>
    place === "tunnel" ? [] : [{ hostname, ...place }],
  );
}
