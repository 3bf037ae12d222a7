import { lanConfig, type LanConfig } from "../../../components/names/lan.ts";
import { NameResolver } from "../../../components/names/resolver.ts";
import { zoneFiles } from "../../../components/names/zones.ts";
import type { RunningCluster } from "../../../components/workload/running-cluster.ts";
import type { Site } from "../../open-site.ts";
import type { SiteCluster } from "../cluster/deploy.ts";
import { isNamed, siteViews } from "./list.ts";

/** The site's names for whoever looks after the LAN's resolver. */
export interface NamesOutput extends LanConfig {
  /** Address of the site's own DNS server. */
  readonly resolver: string;
  /** What it answers from. */
  readonly zones: Readonly<Record<string, string>>;
}

/** Runs the site's DNS server; what the LAN's resolver is told. Undefined where the config has none. */
export function deployNames(
  { name, config }: Site,
  { nodes }: SiteCluster,
  { ready, kubernetes }: RunningCluster,
): NamesOutput | undefined {
  if (!isNamed(config)) return undefined;
  const { coredns: version, address, forward, replicas } = config.names;
  const { domain } = config.site;
  const { lan: records } = siteViews(config);
  const zones = zoneFiles(domain, records, address);
  new NameResolver(
    `${name}-resolver`,
    { version, replicas, address, forward, zones, machine: nodes[0] },
    { providers: [kubernetes], dependsOn: [ready] },
  );
  return {
    resolver: address,
    zones: Object.fromEntries(zones.map(({ zone, text }) => [zone, text])),
    ...lanConfig({
      ...{ site: name, domain, records, resolver: address },
      ...(config.edge === undefined ? {} : { publicZone: config.edge.zone }),
    }),
  };
}
