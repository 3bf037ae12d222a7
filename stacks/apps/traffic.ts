import { tcp, type Flow } from "../../components/policies/flow.ts";
import { cloudflaredPods } from "../parts/edge/traffic.ts";
import { gatewayProxies } from "../parts/gateway/traffic.ts";
import { siteStores } from "../logins/stores.ts";
import { appPods, egressFlows } from "../parts/policies/egress.ts";
import type { SiteConfig } from "../schema.ts";
import type { Application } from "./application.ts";
import { audiences } from "./expose-schema.ts";
import { applications } from "./index.ts";
import { gatewayOf, namesOf, type AppName, type Apps } from "./names.ts";

/** Port of an application's pods. */
export function appPort(
  name: string,
  all: Readonly<Record<string, Application>> = applications,
): number | undefined {
  return all[name]?.port;
}

/** What reaches the applications of a site, and what they reach: nothing but what their config says. */
export function appTraffic(
  config: SiteConfig,
  all: Readonly<Record<string, Application>> = applications,
): readonly Flow[] {
  const configs: Apps = config.apps;
  const stores = siteStores(config);
  const portOf = (app: string) => appPort(app, all);
  return Object.entries(configs).flatMap(([name, app]) => {
    const port = portOf(name);
    if (app === undefined || port === undefined) return [];
    const own = appPods(name);
    return [
      ...visitors(namesOf(name, app), port),
      ...egressFlows(own, app.egress, portOf),
      ...app.logins.flatMap(({ to: address }): readonly Flow[] => {
        const store = stores.find((one) => one.address === address);
        if (store === undefined) return [];
        return [{ from: own, to: store.pods, ports: store.ports, why: `keeps data in ${address}` }];
      }),
    ];
  });
}

/** Whoever hands requests for an application's names on to its pods: a gateway's proxies, or the tunnel's end. */
function visitors(names: readonly AppName[], port: number): readonly Flow[] {
  return audiences.flatMap((to): readonly Flow[] => {
    const [first, ...further] = names.filter((one) => one.to === to);
    if (first === undefined) return [];
    const gateway = gatewayOf(to);
    const from = gateway === undefined ? cloudflaredPods : gatewayProxies(gateway);
    const why = `publishes ${[first, ...further].map(({ hostname }) => hostname).join(", ")}`;
    return [{ from, to: appPods(first.app), ports: tcp(port), why }];
  });
}
