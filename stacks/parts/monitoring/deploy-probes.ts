import { NameProbes } from "../../../components/monitoring/probes/name-probes.ts";
import type { RunningCluster } from "../../../components/workload/running-cluster.ts";
import type { Site } from "../../open-site.ts";
import type { ServiceTokens } from "../edge/deploy.ts";
import type { SiteMonitoring } from "./deploy.ts";
import { siteProbes } from "./probes.ts";

/** What the parts before it have made. */
export interface ProbesSurroundings {
  readonly running: RunningCluster;
  readonly monitoring: SiteMonitoring | undefined;
  readonly serviceTokens: ServiceTokens;
}

/** Has every exposed name asked, where the config says so. */
export function deployProbes(
  { name, config }: Site,
  { running: { ready, kubernetes }, monitoring, serviceTokens }: ProbesSurroundings,
): void {
  const watch = config.monitoring?.names;
  const probes = siteProbes(config);
  if (watch === undefined || monitoring === undefined || probes.length === 0) return;
  new NameProbes(
    `${name}-name-probes`,
    {
      ...{ probes, version: watch.version, resolvers: watch.resolvers },
      clusterDomain: config.network.clusterDomain,
      ownAuthority: config.certificates !== undefined,
      team: config.edge?.team,
      token: watch.serviceToken === undefined ? undefined : serviceTokens[watch.serviceToken],
    },
    { providers: [kubernetes], dependsOn: [ready, monitoring.release] },
  );
}
