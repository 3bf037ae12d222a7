import type { Publication } from "../../components/edge/publication.ts";
import type { Site } from "../open-site.ts";
import type { Workloads } from "../parts/network/deploy.ts";
import type { Application, Exposure } from "./application.ts";
import { applications } from "./index.ts";

/** Deploys the applications that the config names; returns what they want published. */
export function deployApps(
  { config: { apps, network }, secrets }: Site,
  workloads: Workloads,
  all: Readonly<Record<string, Application>> = applications,
): readonly Publication[] {
  const surroundings = { ...workloads, secrets, clusterDomain: network.clusterDomain };
  const configs: Readonly<Record<string, Exposure | undefined>> = apps;
  return Object.entries(all).flatMap(([name, application]) => {
    const config = configs[name];
    return config === undefined ? [] : application.deploy(name, config, surroundings);
  });
}
