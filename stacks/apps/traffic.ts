import { tcp, type Flow } from "../../components/policies/flow.ts";
import { cloudflaredPods } from "../parts/edge/traffic.ts";
import { appPods, egressFlows } from "../parts/policies/egress.ts";
import type { SiteConfig } from "../schema.ts";
import type { Application, Exposure } from "./application.ts";
import { applications } from "./index.ts";

/** Port of an application's pods. */
export function appPort(
  name: string,
  all: Readonly<Record<string, Application>> = applications,
): number | undefined {
  return all[name]?.port;
}

/** What reaches the applications of a site, and what they reach: nothing but what their config says. */
export function appTraffic(
  { apps }: Pick<SiteConfig, "apps">,
  all: Readonly<Record<string, Application>> = applications,
): readonly Flow[] {
  const configs: Readonly<Record<string, Exposure | undefined>> = apps;
  const portOf = (app: string) => appPort(app, all);
  return Object.entries(configs).flatMap(([name, config]) => {
    const port = portOf(name);
    if (config === undefined || port === undefined) return [];
    const { hostname, egress } = config;
    const why = `publishes ${hostname ?? ""}`;
    return [
      ...(hostname === undefined
        ? []
        : [{ from: cloudflaredPods, to: appPods(name), ports: tcp(port), why }]),
      ...egressFlows(appPods(name), egress, portOf),
    ];
  });
}
