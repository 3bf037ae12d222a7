import type { Publication } from "../../components/edge/publication.ts";
import type { RunningCluster } from "../../components/workload/running-cluster.ts";
import type { Site } from "../open-site.ts";
import type { Application, Exposure } from "./application.ts";
import { applications } from "./index.ts";

/** Deploys the applications that the config names; returns what they want published. */
export function deployApps(
  { config: { apps, network }, secrets }: Site,
  cluster: RunningCluster,
  all: Readonly<Record<string, Application>> = applications,
): readonly Publication[] {
  const surroundings = { ...cluster, secrets, clusterDomain: network.clusterDomain };
  const configs: Readonly<Record<string, Exposure | undefined>> = apps;
  return Object.entries(all).flatMap(([name, application]) => {
    const config = configs[name];
    return config === undefined ? [] : application.deploy(name, config, surroundings);
  });
}
