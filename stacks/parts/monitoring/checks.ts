import { expectedJobs } from "../../../components/monitoring/proof.ts";
import { namesJob } from "../../../components/monitoring/probes/plan.ts";
import { contains } from "../../../components/network/cidr.ts";
import { poolNetworks } from "../../../components/network/pool.ts";
import type { Problem } from "../../../components/problem.ts";
import type { SiteConfig } from "../../schema.ts";
import { siteMonitors } from "./monitors.ts";
import { checkOtherSites } from "./other-sites-checks.ts";
import { checkProbes } from "./probes-checks.ts";
import type { MonitoringConfig } from "./schema.ts";

const path = "homelab:monitoring";

/** Volumes have a class that fits, each receiver one way, and what is asked outside is outside. */
export function checkMonitoring(config: SiteConfig, stack: string): readonly Problem[] {
  const { monitoring } = config;
  if (monitoring === undefined) return [];
  return [
    ...storageClass(config, monitoring),
    ...ways(monitoring),
    ...jobs(config, monitoring),
    ...targets(config, monitoring),
    ...checkProbes(config),
    ...checkOtherSites(config, monitoring, stack),
  ];
}

/** Silences have a room of their own beside the metrics. */
export const silencesGiB = 1;

function storageClass(
  { storage }: SiteConfig,
  { class: name, sizeGiB }: MonitoringConfig,
): readonly Problem[] {
  if (name === undefined) return [];
  const at = `${path}.class`;
  if (storage === undefined) {
    const text = `${name} is a class of homelab:storage, which the site does not have; switch storage on, or leave the class out`;
    return [{ path: at, text }];
  }
  const known = storage.classes.filter(({ kind }) => kind === "block");
  const plan = known.find((one) => one.name === name);
  if (plan === undefined) {
    const names = known.map((one) => one.name).join(", ") || "none";
    return [
      {
        path: at,
        text: `${name} is no class of kind block in homelab:storage; known are ${names}`,
      },
    ];
  }
  const wanted = sizeGiB + silencesGiB;
  // Where nobody counts claims of the class, there is nothing to hold it against.
  if (plan.claimsGiB === 0 || plan.claimsGiB >= wanted) return [];
  const text = `metrics and silences come to ${wanted} GiB, and all claims of class ${name} to ${plan.claimsGiB}; raise claimsGiB of the class, or lower this`;
  return [{ path: `${path}.sizeGiB`, text }];
}

function ways({ receivers }: MonitoringConfig): readonly Problem[] {
  return Object.entries(receivers).flatMap(([name, { pushover, discord, webhook }]) => {
    const count = [pushover, discord, webhook].filter((way) => way !== undefined).length;
    if (count === 1) return [];
    const text =
      count === 0
        ? "says not how it is told; give it pushover, discord or webhook"
        : "is told in several ways; give each a receiver of its own";
    return [{ path: `${path}.receivers.${name}`, text }];
  });
}

/** Metrics of two jobs of one name would be taken for each other's, by alerts and by the proof. */
function jobs(config: SiteConfig, { scrapes }: MonitoringConfig): readonly Problem[] {
  const all = { servers: 1, nodes: 1, controlPlane: true, clusterDns: true };
  const taken = new Set([
    ...expectedJobs(all).map(([job]) => job),
    ...siteMonitors(config).map(({ name }) => name),
    namesJob,
  ]);
  return Object.keys(scrapes)
    .filter((name) => taken.has(name))
    .map((name) => ({
      path: `${path}.scrapes.${name}`,
      text: `the cluster's own ${name} is called so; use another name`,
    }));
}

function targets(
  { network, machines }: SiteConfig,
  { scrapes }: MonitoringConfig,
): readonly Problem[] {
  const { pods, services, loadBalancers } = network;
  const inside = [pods, services, ...poolNetworks(loadBalancers)];
  return Object.entries(scrapes).flatMap(([name, { targets: list }]) =>
    list.flatMap((target, i) => {
      const at = `${path}.scrapes.${name}.targets[${i}]`;
      const [address = "", port = ""] = target.split(":");
      if (Number(port) > 65_535) return [{ path: at, text: `${port} is no port` }];
      const machine = machines.find((one) => one.address === address);
      if (machine === undefined && !inside.some((cidr) => contains(cidr, address))) return [];
      const what =
        machine === undefined ? "in the cluster" : `machine ${machine.name} of the cluster`;
      const text = `${address} is ${what}, where monitors find what answers; make a ServiceMonitor or a PodMonitor`;
      return [{ path: at, text }];
    }),
  );
}
