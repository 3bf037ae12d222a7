import type { Resource } from "@pulumi/pulumi";
import { Devices } from "../../../components/devices/devices.ts";
import type { PluginPlan } from "../../../components/devices/plugin.ts";
import type { RunningCluster } from "../../../components/workload/running-cluster.ts";
import type { Site } from "../../open-site.ts";
import type { SiteConfig } from "../../schema.ts";
import type { SiteCluster } from "../cluster/deploy.ts";
import { has } from "./machines.ts";

/** Hands devices of machines to pods, where the config names any; gives what such pods come after. */
export function deployDevices(
  { name, config }: Site,
  { nodes }: SiteCluster,
  { ready, kubernetes }: RunningCluster,
): Resource | undefined {
  const { devicePlugin } = config;
  if (devicePlugin === undefined) return undefined;
  const devices = new Devices(
    `${name}-devices`,
    { plan: pluginPlan(config, devicePlugin), machines: nodes },
    { providers: [kubernetes], dependsOn: [ready] },
  );
  return devices.ready;
}

/** The plugin of a site. */
function pluginPlan({ devices, machines }: SiteConfig, version: string): PluginPlan {
  const all = Object.values(devices);
  return {
    version,
    devices: Object.entries(devices).map(([name, { paths, count }]) => ({ name, paths, count })),
    nodes: machines
      .filter((machine) => all.some((device) => has(machine, device)))
      .map(({ name }) => name),
  };
}
