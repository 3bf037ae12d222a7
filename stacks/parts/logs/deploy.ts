import type { Resource } from "@pulumi/pulumi";
import { Logs, type Watch } from "../../../components/logs/logs.ts";
import { alertmanager, monitoringNamespace } from "../../../components/monitoring/names.ts";
import type { RunningCluster } from "../../../components/workload/running-cluster.ts";
import type { Site } from "../../open-site.ts";
import type { SiteConfig } from "../../schema.ts";
import type { SiteCluster } from "../cluster/deploy.ts";
import type { SiteMonitoring } from "../monitoring/deploy.ts";
import type { SiteStorage } from "../storage/deploy.ts";

/** Logs, for what shows them. */
export interface SiteLogs {
  /** Lines were found. */
  readonly seen: Resource;
}

/** What the parts before it have made. */
export interface LogsSurroundings {
  readonly running: RunningCluster;
  readonly storage: SiteStorage | undefined;
  readonly monitoring: SiteMonitoring | undefined;
}

/** Keeps what pods, RKE2 and the kernel say, where the config has it. */
export function deployLogs(
  { name, config }: Site,
  { nodes }: SiteCluster,
  { running: { ready, kubernetes }, storage, monitoring }: LogsSurroundings,
): SiteLogs | undefined {
  const { logs, network } = config;
  if (logs === undefined || storage === undefined) return undefined;
  const { retentionDays, sizeGiB, volume, units, limits, charts } = logs;
  const { seen } = new Logs(
    `${name}-logs`,
    {
      ...{ site: name, clusterDomain: network.clusterDomain },
      ...{ retentionDays, units, limits, charts },
      bucket: { class: checked(logs.class), sizeGiB },
      volume: { class: checked(volume.class), sizeGiB: volume.sizeGiB },
      ...(monitoring === undefined ? {} : { watch: watch(config, monitoring) }),
      // What is on a host that is down sends nothing.
      nodes: nodes.filter(({ offline }) => !offline).map(({ name: node }) => node),
      server: nodes[0],
      after: [storage.ready],
    },
    { providers: [kubernetes], dependsOn: [ready] },
  );
  return { seen };
}

function watch({ network, monitoring }: SiteConfig, { release }: SiteMonitoring): Watch {
  const host = `${alertmanager.name}.${monitoringNamespace.name}.svc.${network.clusterDomain}`;
  const { runbooks } = monitoring ?? {};
  return {
    ...{ alertmanager: `http://${host}:${alertmanager.port}`, release },
    ...(runbooks === undefined ? {} : { runbooks }),
  };
}

function checked(name: string | undefined): string {
  if (name !== undefined) return name;
  throw new Error("the config was checked to have classes of storage for logs, but has none");
}
