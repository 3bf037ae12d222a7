/** The sites of one folder, held against each other: rules that no file can keep alone. */
import type { SiteFile } from "../open-site.ts";
import { asNumbers, lanAddresses, routerNetworks, tailnetNetworks, vlans } from "./networks.ts";
import { metrics } from "./metrics.ts";
import { buckets, edge, heartbeats } from "./outside.ts";
import { macs, memory, objects, snippets, vmIds } from "./proxmox.ts";
import type { Clash, Judge } from "./rule.ts";
import { stores } from "./stores.ts";
import { devices, domains, names, owners, policy } from "./tailnet.ts";

const rules: readonly Judge[] = [
  tailnetNetworks,
  routerNetworks,
  lanAddresses,
  vlans,
  asNumbers,
  vmIds,
  macs,
  snippets,
  objects,
  memory,
  devices,
  domains,
  names,
  owners,
  policy,
  edge,
  buckets,
  heartbeats,
  metrics,
  stores,
];

/** Everything in which any two sites are in each other's way; empty when they go together. Asks nobody. */
export function checkSites(sites: readonly SiteFile[]): readonly Clash[] {
  return sites.flatMap((one, i) =>
    sites.slice(i + 1).flatMap((other) => rules.flatMap((judge) => judge(one, other))),
  );
}

/** One message for all of them. */
export function describeClashes(clashes: readonly Clash[]): string {
  const count = clashes.length === 1 ? "1 problem" : `${clashes.length} problems`;
  const where = ({ site, path }: Clash["at"]): string => `Pulumi.${site}.yaml ${path}`;
  return [
    `the sites have ${count} with each other:`,
    ...clashes.map(({ at, against, text }) => `  ${where(at)} and ${where(against)}: ${text}`),
  ].join("\n");
}
