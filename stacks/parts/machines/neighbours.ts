/** What other stacks have on the Proxmox cluster that this one uses too. */
import type { Machine, MachineSpec } from "../../../components/machine.ts";
import type { Inventory } from "../../../components/proxmox/inventory.ts";
import {
  lanProblems,
  neighbourOf,
  otherStacks,
  type Neighbour,
} from "../../../components/proxmox/neighbours.ts";
import type { ProxmoxApi } from "../../../components/proxmox/proxmox-api.ts";
import type { Judged } from "../../config/problem.ts";
import type { SiteFile } from "../../open-site.ts";
import { readConfigs } from "./configs.ts";
import { sitePlan } from "./plan.ts";

/** The machines of other stacks that can be asked for; one on a host that does not answer stands against nothing. */
export async function readNeighbours(
  api: ProxmoxApi,
  site: string,
  { machines, offline }: Inventory,
): Promise<readonly Neighbour[]> {
  const others = otherStacks(site, machines).map((machine) => ({
    ...machine,
    ...{ stands: true, offline: offline.includes(machine.host) },
  }));
  const configs = await readConfigs(api, others, new Map());
  return others.flatMap((machine) => {
    const config = configs.get(machine.vmId);
    return config === undefined || config instanceof Error ? [] : [neighbourOf(machine, config)];
  });
}

/** Whether the site would take from the LAN what another stack has there. */
export function judgeLan(
  file: SiteFile,
  machines: readonly (MachineSpec & Machine)[],
  founded: boolean,
  neighbours: readonly Neighbour[],
): Pick<Judged<unknown>, "problems" | "notes"> {
  const problems = lanProblems({ site: sitePlan(file), machines, founded, neighbours });
  return { problems, notes: [] };
}
