import { Provider as Cloudflare } from "@pulumi/cloudflare/provider.js";
import type { ServiceTokenLogin } from "../../../components/edge/access.ts";
import { Edge } from "../../../components/edge/edge.ts";
import type { Publication } from "../../../components/edge/publication.ts";
import type { RunningCluster } from "../../../components/workload/running-cluster.ts";
import type { Site } from "../../open-site.ts";

/** Logins of programs at Access, by token name; secret. */
export type ServiceTokens = Readonly<Record<string, ServiceTokenLogin>>;

/** Publishes what the applications ask for, where the config has an edge. */
export function deployEdge(
  { name, config: { edge }, secrets }: Site,
  publish: readonly Publication[],
  cluster: RunningCluster,
): ServiceTokens {
  if (edge === undefined) return {};
  const { apiToken, ...plan } = edge;
  const cloudflare = new Cloudflare("cloudflare", { apiToken: secrets.get(apiToken) });
  return new Edge(name, { site: name, ...plan, publish, cluster }, { providers: [cloudflare] })
    .serviceTokens;
}
