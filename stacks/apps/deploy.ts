import type { Resource } from "@pulumi/pulumi";
import { doorOf } from "../../components/edge/public-name.ts";
import type { Publication } from "../../components/edge/publication.ts";
import { HttpRoute } from "../../components/gateway/route-resources.ts";
import { own, type Custody } from "../../components/workload/custody.ts";
import type { RunningCluster } from "../../components/workload/running-cluster.ts";
import type { SiteData } from "./data/deploy.ts";
import type { SiteLogins } from "../logins/told.ts";
import type { Site } from "../open-site.ts";
import type { SiteCluster } from "../parts/cluster/deploy.ts";
import type { SiteGateways } from "../parts/gateway/deploy.ts";
import { httpParents } from "../parts/gateway/plans.ts";
import type { Application, Running } from "./application.ts";
import { applications } from "./index.ts";
import { gatewayOf, namesOf, type AppName, type Apps } from "./names.ts";

/** What applications find there. */
export interface AppSurroundings {
  readonly running: RunningCluster;
  /** Without them only public names are served. */
  readonly gateways: SiteGateways | undefined;
  /** Of the site's stores; none without. */
  readonly logins?: SiteLogins;
  /** In whose hands each is; the program's without. */
  readonly custody?: (name: string) => Custody;
  /** Namespaces with volumes. */
  readonly data?: SiteData;
  /** What hands devices to pods; none without. */
  readonly devices?: Resource | undefined;
}

/**
 * Deploys the applications that the config names, and routes from the gateways to those that the LAN or the tailnet reaches;
 * returns what the edge shows to the internet.
 */
export function deployApps(
  { name: stack, config: siteConfig, secrets }: Site,
  { nodes: [machine] }: Pick<SiteCluster, "nodes">,
  {
    running,
    gateways,
    logins = new Map(),
    custody = () => own,
    data = new Map(),
    devices,
  }: AppSurroundings,
  all: Readonly<Record<string, Application>> = applications,
): readonly Publication[] {
  const { apps, network } = siteConfig;
  const site = { name: stack, config: siteConfig };
  const { clusterDomain } = network;
  const surroundings = {
    ...running,
    site,
    secrets,
    logins,
    clusterDomain,
    data: (namespace: string) => data.get(namespace),
    devices,
  };
  const configs: Apps = apps;
  return Object.entries(all).flatMap(([name, application]) => {
    const config = configs[name];
    if (config === undefined) return [];
    const app = application.deploy(name, config, { ...surroundings, custody: custody(name) });
    const names = namesOf(name, config);
    for (const one of names) {
      const gateway = gatewayOf(one.to);
      if (gateway === undefined || gateways === undefined) continue;
      const { hostname } = one;
      new HttpRoute(
        `${name}-${gateway}-${hostname}`,
        {
          // A name of its own for each name: a new one stands beside the old one before that goes.
          ...{ route: `${gateway}-${hostname}`, namespace: application.library ?? name, machine },
          plan: {
            parents: httpParents(
              { gateway, listener: undefined, hostnames: [hostname] },
              gateways.plans,
            ),
            hostnames: [hostname],
            rules: [{ backends: [{ service: name, port: application.port }] }],
          },
        },
        { providers: [running.kubernetes], dependsOn: [gateways.ready, app.ready] },
      );
    }
    return publications(names, app);
  });
}

/** What the edge makes of an application's public names: the first is called by the application, further ones by themselves. */
function publications(names: readonly AppName[], { address, ready }: Running): Publication[] {
  return names
    .filter(({ to }) => to === "public")
    .map(({ app, hostname, ...door }, i) => ({
      ...{ name: i === 0 ? app : hostname, hostname, service: address, ...doorOf(door) },
      after: [ready],
    }));
}
