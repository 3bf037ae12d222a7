import {
  nodes,
  tcp,
  world,
  type Flow,
  type Nodes,
  type Pods,
} from "../../components/policies/flow.ts";
import { cloudflaredPods } from "../parts/edge/traffic.ts";
import { gatewayProxies } from "../parts/gateway/traffic.ts";
import { siteStores } from "../logins/stores.ts";
import { appPods, egressFlows, type FindApp } from "../parts/policies/egress.ts";
import type { SiteConfig } from "../schema.ts";
import type { Application } from "./application.ts";
import { keptApps, type KeptApp } from "./data/volumes.ts";
import { audiences } from "./expose-schema.ts";
import { applications } from "./index.ts";
import { gatewayOf, namesOf, type AppName, type Apps } from "./names.ts";

type All = Readonly<Record<string, Application>>;

/** Port of an application's pods. */
export function appPort(name: string, all: All = applications): number | undefined {
  return all[name]?.port;
}

/** The pods of an application, wherever it is. */
export function podsOf(name: string, all: All = applications): Pods {
  return appPods(name, all[name]?.library);
}

/** What reaches the applications of a site, and what they reach: nothing but what their config and they themselves say. */
export function appTraffic(config: SiteConfig, all: All = applications): readonly Flow[] {
  const configs: Apps = config.apps;
  const stores = siteStores(config);
  const kept = keptApps(config, all);
  const find: FindApp = (app) => {
    const port = appPort(app, all);
    if (configs[app] === undefined || port === undefined) return undefined;
    return { pods: podsOf(app, all), port };
  };
  return Object.entries(configs).flatMap(([name, app]) => {
    const port = appPort(name, all);
    if (app === undefined || port === undefined) return [];
    const own = podsOf(name, all);
    const data = kept.find((one) => one.name === name);
    const where = data?.onHost === true ? nodes : own;
    return [
      ...visitors(namesOf(name, app), where, port),
      ...(data === undefined ? [] : callers(data, own)),
      // What is on its node's network no policy for pods holds back.
      ...(where.kind === "nodes"
        ? []
        : [
            ...egressFlows(own, data?.egress ?? [], find, `what ${name} needs`),
            ...egressFlows(own, app.egress, find),
          ]),
      ...app.logins.flatMap(({ to: address }): readonly Flow[] => {
        const store = stores.find((one) => one.address === address);
        if (store === undefined) return [];
        const to = { to: store.pods, ports: store.ports, why: `keeps data in ${address}` };
        return [where.kind === "nodes" ? { from: where, ...to } : { from: where, ...to }];
      }),
    ];
  });
}

/** Whoever hands requests for an application's names on to its pods: a gateway's proxies, or the tunnel's end. */
function visitors(names: readonly AppName[], where: Pods | Nodes, port: number): readonly Flow[] {
  return audiences.flatMap((to): readonly Flow[] => {
    const [first, ...further] = names.filter((one) => one.to === to);
    if (first === undefined) return [];
    const gateway = gatewayOf(to);
    const from = gateway === undefined ? cloudflaredPods : gatewayProxies(gateway);
    const why = `publishes ${[first, ...further].map(({ hostname }) => hostname).join(", ")}`;
    return [{ from, to: where, ports: tcp(port), why }];
  });
}

/** Whoever calls past the gateways, at an address of the application's own. */
function callers({ balancer, onHost }: KeptApp, to: Pods): readonly Flow[] {
  if (balancer === undefined || onHost) return [];
  const ports = balancer.ports.map(({ port, protocol = "TCP" }) => ({ port, protocol }));
  return [{ from: world, to, ports, why: `its own address ${balancer.address}` }];
}
