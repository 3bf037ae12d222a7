import { randomBytes } from "node:crypto";
import { log, RunError } from "@pulumi/pulumi";
import { conflicts, type ExistingMachine } from "../../../components/proxmox/conflicts.ts";
import { leaving, removals } from "../../../components/proxmox/removals.ts";
import { machineGeneration } from "../../../components/proxmox/generation.ts";
import type { FleetMember } from "../../../components/proxmox/fleet.ts";
import type { Inventory } from "../../../components/proxmox/inventory.ts";
import { machinePlan } from "../../plans.ts";
import { describeProblems } from "../../config/problem.ts";
import type { SiteConfig } from "../../schema.ts";

/** Name of a new generation; tests give their own. */
export const freshGeneration = (): string => `gen-${randomBytes(4).toString("hex")}`;

/**
 * The site's machines beside those that exist. Throws one RunError that names every machine which may not be made, before
 * any resource is registered.
 */
export function checkMachines(
  site: string,
  config: SiteConfig,
  inventory: Inventory,
  fresh = freshGeneration,
): readonly FleetMember[] {
  const servers = config.machines.filter((machine) => machine.role === "server");
  const wanted = config.machines.map((machine) => ({
    ...machine,
    ha: machine.ha !== undefined,
    server: machine.role === "server",
    beginsCluster: machine === servers[0] && servers.length > 1,
  }));
  const { machines: existing, offline: hostsDown } = inventory;
  const { allowReplace, allowRemove } = config;
  const plan = { site, wanted, existing, offline: hostsDown, allowReplace, allowRemove };
  const problems = [
    ...conflicts(plan).map(({ machine, text }) => ({
      path: `homelab:machines[${config.machines.findIndex(({ name }) => name === machine)}] (${machine})`,
      text,
    })),
    ...removals(plan).map(({ machine, text }) => ({ path: `homelab:machines (${machine})`, text })),
  ];
  if (problems.length > 0) throw new RunError(describeProblems(site, problems));
  tellRemovals(allowRemove, leaving(plan));
  return config.machines.map((machine, i) => {
    const offline = hostsDown.includes(machine.host);
    if (offline) {
      void log.warn(
        `${machine.host} does not answer; ${machine.name} on it is left as it is until it does`,
      );
    }
    const placed = { ...machine, ha: machine.ha !== undefined };
    return {
      ...machinePlan(machine, i),
      generation: machineGeneration({ site, machine: placed, existing, fresh }),
      offline,
    };
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
