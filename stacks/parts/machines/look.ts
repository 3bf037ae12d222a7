import { randomBytes } from "node:crypto";
import { log, RunError } from "@pulumi/pulumi";
import type { Machine, MachineSpec } from "../../../components/machine.ts";
import { conflicts, type ExistingMachine } from "../../../components/proxmox/conflicts.ts";
import { leaving, removals } from "../../../components/proxmox/removals.ts";
import { machineGeneration } from "../../../components/proxmox/generation.ts";
import type { Inventory } from "../../../components/proxmox/inventory.ts";
import { describeProblems } from "../../config/problem.ts";
import type { SiteFile } from "../../open-site.ts";

/** Name of a new generation; tests give their own. */
export const freshGeneration = (): string => `gen-${randomBytes(4).toString("hex")}`;

/**
 * The site's machines beside those that exist. Throws one RunError that names every machine which may not be made, before
 * any resource is registered.
 */
export function checkMachines(
  { name: site, config: { machines, allowReplace, allowRemove } }: SiteFile,
  { machines: existing, offline }: Inventory,
  fresh = freshGeneration,
): readonly (MachineSpec & Machine)[] {
  const plan = { site, wanted: machines, existing, offline, allowReplace, allowRemove };
  const problems = [...conflicts(plan), ...removals(plan)];
  if (problems.length > 0) throw new RunError(describeProblems(site, problems));
  tellRemovals(allowRemove, leaving(plan));
  return machines.map((machine) => {
    const away = offline.includes(machine.host);
    if (away) {
      void log.warn(
        `${machine.host} does not answer; ${machine.name} on it is left as it is until it does`,
      );
    }
    const generation = machineGeneration({ site, machine, existing, fresh });
    return { ...machine, generation, offline: away };
  });
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
