import { randomBytes } from "node:crypto";
import { log, RunError } from "@pulumi/pulumi";
import type { Machine, MachineSpec } from "../../../components/machine.ts";
import type { Problem } from "../../../components/problem.ts";
import {
  conflicts,
  rebuildReasons,
  type ConflictArgs,
  type ExistingMachine,
} from "../../../components/proxmox/conflicts.ts";
import { machineGeneration, stands } from "../../../components/proxmox/generation.ts";
import { doubts } from "../../../components/proxmox/identity.ts";
import type { Inventory } from "../../../components/proxmox/inventory.ts";
import type { Known } from "../../../components/proxmox/known-machines.ts";
import { leaving, removals } from "../../../components/proxmox/removals.ts";
import { ghosts, taken } from "../../../components/proxmox/shared-objects.ts";
import { describeProblems } from "../../config/problem.ts";
import type { SiteFile } from "../../open-site.ts";
import { foundedProblems } from "../cluster/founded.ts";
import { sitePlan } from "./deploy.ts";

/** Name of a new generation; tests give their own. */
export const freshGeneration = (): string => `gen-${randomBytes(4).toString("hex")}`;

/**
 * The site's machines beside those that exist and those that its state knows. Throws one RunError that names every machine
 * which may not be made and everything that is somebody else's, before any resource is registered.
 */
export function checkMachines(
  { name: site, config }: SiteFile,
  found: Inventory,
  known: Known,
  fresh = freshGeneration,
): readonly (MachineSpec & Machine)[] {
  const { machines, allowReplace, allowRemove } = config;
  const { offline, hidden } = found;
  const lost = ghosts(found);
  const existing = found.machines.filter((machine) => !lost.includes(machine));
  const plan = {
    ...{ site, wanted: machines, existing, offline, hidden, allowReplace, allowRemove },
    known: known.machines,
  };
  const plans = { site: sitePlan({ name: site, config }), wanted: machines, found, known };
  const problems = [
    ...doubts(plan),
    ...conflicts(plan),
    ...removals(plan),
    ...taken(plans),
    ...unsure(plan, found),
    ...foundedProblems(config, known.founded),
  ];
  if (problems.length > 0) throw new RunError(describeProblems(site, problems));
  tellRemovals(allowRemove, leaving(plan));
  return machines.map((machine) => {
    const at = existing.find(({ vmId }) => vmId === machine.vmId)?.host ?? machine.host;
    const away = offline.includes(at);
    if (away)
      void log.warn(`${at} is down; ${machine.name} on it is left as it is until it is back`);
    const rebuilt = rebuildReasons(plan, machine).length > 0;
    const args = { site, machine, existing };
    const generation = rebuilt ? fresh() : machineGeneration({ ...args, fresh });
    return { ...machine, generation, offline: away, stands: !rebuilt && stands(args) };
  });
}

/** Without a quorum nothing can be made, and what is not seen may have been made elsewhere since. */
function unsure(
  { wanted, existing }: Pick<ConflictArgs, "wanted" | "existing">,
  { quorate, hosts, offline }: Inventory,
): readonly Problem[] {
  if (quorate) return [];
  const down = `the Proxmox cluster has no quorum (${offline.length} of ${hosts.length} hosts are down: ${offline.join(", ")})`;
  const missing = wanted.filter(({ vmId }) => !existing.some((machine) => machine.vmId === vmId));
  if (missing.length === 0) {
    void log.warn(`${down}: it makes, changes and starts no machine until it has one again`);
    return [];
  }
  return missing.map(({ name }) => ({
    path: `homelab:machines (${name})`,
    text: `${down}, so that it can neither be made now nor be told to be gone; bring hosts back first`,
  }));
}

/** Says which machines this run destroys for good, and what the list names in vain. */
function tellRemovals(names: readonly string[], machines: readonly ExistingMachine[]): void {
  for (const { name, vmId, host } of machines)
    void log.warn(`${name} (${vmId} on ${host}) leaves the site and is destroyed with its disks`);
  for (const name of names)
    if (!machines.some((machine) => machine.name === name))
      void log.warn(
        `homelab:allowRemove names ${name}, which Proxmox does not show; empty the list if it is gone`,
      );
}
