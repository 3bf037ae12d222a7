import { secret, type Resource } from "@pulumi/pulumi";
import { Provider as Tailscale } from "@pulumi/tailscale/provider.js";
import { Tailnet } from "../../../components/tailnet/tailnet.ts";
import type { TailscaleAccess } from "../../../components/tailnet/tailscale-types.ts";
import type { RunningCluster } from "../../../components/workload/running-cluster.ts";
import type { Site } from "../../open-site.ts";
import type { SiteCluster } from "../cluster/deploy.ts";
import type { SiteDefinitions } from "../definitions/deploy.ts";
import type { SiteMonitoringKinds } from "../monitoring/deploy.ts";
import { connectorPlan, siteNameservers, type TailnetFound } from "./look.ts";
import { egressPlans } from "./proxies-schema.ts";

/** The tailnet, for what the cluster shows to it. */
export interface SiteTailnet {
  /** The operator runs: Services of its class come after it, and go before it. */
  readonly operator: Resource;
}

/** What joins it to the tailnet. */
interface Surroundings {
  readonly definitions: SiteDefinitions;
  readonly running: RunningCluster;
  /** Kinds of monitors, where the site has monitoring. */
  readonly kinds: SiteMonitoringKinds | undefined;
  readonly found: TailnetFound | undefined;
}

/** Joins machines and cluster to the tailnet; undefined where the config has none. */
export function deployTailnet(
  { name, config }: Site,
  { nodes }: SiteCluster,
  { definitions, running, kinds, found }: Surroundings,
): SiteTailnet | undefined {
  if (config.tailnet === undefined || found === undefined) return undefined;
  const { version, operator, https, proxies, egress } = config.tailnet;
  const address = config.dns?.nameserver;
  const { operatorRuns } = new Tailnet(
    name,
    {
      site: name,
      ...found,
      https,
      machines: nodes,
      version,
      operatorChart: operator.chart,
      kinds: [
        ...(definitions.tailscale === undefined ? [] : [definitions.tailscale]),
        // A class that asks for a monitor is invalid before its kind is there, and stays so.
        ...(proxies?.class.metrics === true && kinds !== undefined ? [kinds.known] : []),
      ],
      connector: connectorPlan(config, config.tailnet),
      ...(proxies === undefined ? {} : { proxies: { ...proxies, egress: egressPlans(egress) } }),
      ...(address === undefined ? {} : { nameserver: { address } }),
      dns: { domain: config.site.domain, nameservers: siteNameservers(config, config.tailnet) },
      cluster: running,
    },
    { providers: [tailscaleProvider(found.access)] },
  );
  return { operator: operatorRuns };
}

/** The tailnet that the site belongs to. */
function tailscaleProvider({ tailnet, clientId, clientSecret }: TailscaleAccess): Tailscale {
  return new Tailscale("tailscale", {
    tailnet,
    oauthClientId: secret(clientId),
    oauthClientSecret: secret(clientSecret),
  });
}
