import { randomBytes } from "node:crypto";
import type { Machine, MachineSpec } from "../../../components/machine.ts";
import { imageFileName } from "../../../components/proxmox/cloud-image.ts";
import {
  conflicts,
  rebuildReasons,
  type ConflictArgs,
} from "../../../components/proxmox/conflicts.ts";
import { machineGeneration, stands } from "../../../components/proxmox/generation.ts";
import { doubts } from "../../../components/proxmox/identity.ts";
import type { ExistingMachine, Inventory } from "../../../components/proxmox/inventory.ts";
import type { Known } from "../../../components/proxmox/known-machines.ts";
import { leaving, removals } from "../../../components/proxmox/removals.ts";
import { ghosts, taken } from "../../../components/proxmox/shared-objects.ts";
import type { Judged } from "../../config/problem.ts";
import type { SiteFile } from "../../open-site.ts";
import { foundedProblems } from "../cluster/founded.ts";
import { sitePlan } from "./plan.ts";

/** Name of a new generation; tests give their own. */
export const freshGeneration = (): string => `gen-${randomBytes(4).toString("hex")}`;

/**
 * The site's machines beside those that exist and those that its state knows; names every machine which may not be made and
 * everything that is somebody else's.
 */
export function judgeMachines(
  { name: site, config }: SiteFile,
  found: Inventory,
  known: Known,
  fresh = freshGeneration,
): Judged<readonly (MachineSpec & Machine)[]> {
  const { machines, allowReplace, allowRemove } = config;
  const { offline, hidden } = found;
  const lost = ghosts(found);
  const existing = found.machines.filter((machine) => !lost.includes(machine));
  const plan = {
    ...{ site, wanted: machines, existing, offline, hidden, allowReplace, allowRemove },
    known: known.machines,
  };
  const plans = { site: sitePlan({ name: site, config }), wanted: machines, found, known };
  const quorum = unsure(plan, found);
  const small = smallServers(
    machines,
    (machine) => rebuildReasons(plan, machine).length === 0 && stands({ site, machine, existing }),
  );
  const away = (machine: MachineSpec): string | undefined => {
    const at = existing.find(({ vmId }) => vmId === machine.vmId)?.host ?? machine.host;
    return offline.includes(at) ? at : undefined;
  };
  return {
    found: machines.map((machine) => {
      const rebuilt = rebuildReasons(plan, machine).length > 0;
      const args = { site, machine, existing };
      const generation = rebuilt ? fresh() : machineGeneration({ ...args, fresh });
      const isAway = away(machine) !== undefined;
      return { ...machine, generation, offline: isAway, stands: !rebuilt && stands(args) };
    }),
    problems: [
      ...doubts(plan),
      ...conflicts(plan),
      ...removals(plan),
      ...taken(plans),
      ...quorum.problems,
      ...small.problems,
      ...foundedProblems(config, known.founded),
    ],
    notes: [
      ...quorum.notes,
      ...small.notes,
      ...removalNotes(allowRemove, leaving(plan)),
      ...machines.flatMap((machine) => behind(machine, found, known) ?? []),
      ...imageNotes(
        site,
        machines.filter((machine) => stands({ site, machine, existing })),
        known,
      ),
      ...machines.flatMap((machine) => {
        const host = away(machine);
        return host === undefined
          ? []
          : [`${host} is down; ${machine.name} on it is left as it is until it is back`];
      }),
    ],
  };
}

/** Without a quorum nothing can be made, and what is not seen may have been made elsewhere since. */
function unsure(
  { wanted, existing }: Pick<ConflictArgs, "wanted" | "existing">,
  { quorate, hosts, offline }: Inventory,
): Pick<Judged<unknown>, "problems" | "notes"> {
  if (quorate) return { problems: [], notes: [] };
  const down = `the Proxmox cluster has no quorum (${offline.length} of ${hosts.length} hosts are down: ${offline.join(", ")})`;
  const missing = wanted.filter(({ vmId }) => !existing.some((machine) => machine.vmId === vmId));
  return {
    problems: missing.map(({ name }) => ({
      path: `homelab:machines (${name})`,
      text: `${down}, so that it can neither be made now nor be told to be gone; bring hosts back first`,
    })),
    notes: [`${down}: it makes, changes and starts no machine until it has one again`],
  };
}

/** Machines whose own image is another one than they were built from: it does nothing until they are built anew. */
function imageNotes(
  site: string,
  standing: readonly MachineSpec[],
  known: Known,
): readonly string[] {
  return standing.flatMap(({ name, vmId, image }) => {
    const before = known.machines.find((machine) => machine.vmId === vmId)?.image;
    if (image === undefined || before === undefined || before === imageFileName(site, image))
      return [];
    return [
      `${name} was built from ${before} and keeps it: its image counts once it is built anew, under another vmId that ` +
        "homelab:allowReplace permits",
    ];
  });
}

/**
 * What the state does not know yet of a machine. The provider asks the host that the state names, and fails where the
 * machine is not (bpg terraform-provider-proxmox v0.111.1, proxmoxtf/resource/vm/vm.go: vmUpdate, vmDelete).
 */
function behind(
  { name, vmId }: MachineSpec,
  { machines, hidden }: Inventory,
  known: Known,
): string | undefined {
  const before = known.machines.find((machine) => machine.vmId === vmId && machine.name === name);
  if (before === undefined || hidden.includes(vmId)) return undefined;
  const now = machines.find((machine) => machine.vmId === vmId);
  if (now === undefined)
    return (
      `${name} (VM ${vmId} on ${before.host}) is gone from Proxmox: npm run up -- --refresh builds it anew, and an up ` +
      "without --refresh fails, because it would delete it first"
    );
  if (now.host === before.host) return undefined;
  return (
    `${name} went from ${before.host} to ${now.host} in Proxmox: npm run up -- --refresh takes that over, and until then ` +
    "a change of the machine fails"
  );
}

/** Which machines this run destroys for good, and what the list names in vain. */
function removalNotes(
  names: readonly string[],
  machines: readonly ExistingMachine[],
): readonly string[] {
  return [
    ...machines.map(
      ({ name, vmId, host }) =>
        `${name} (${vmId} on ${host}) leaves the site and is destroyed with its disks`,
    ),
    ...names
      .filter((name) => !machines.some((machine) => machine.name === name))
      .map(
        (name) =>
          `homelab:allowRemove names ${name}, which Proxmox does not show; empty the list if it is gone`,
      ),
  ];
}

/**
 * RKE2 asks for 4 GB (https://docs.rke2.io/install/requirements); with less, etcd and the API server are killed. One that
 * runs is not stopped for that.
 */
function smallServers(
  machines: readonly MachineSpec[],
  runs: (machine: MachineSpec) => boolean,
): Pick<Judged<unknown>, "problems" | "notes"> {
  const small = machines.flatMap(({ role, memoryGiB }, i) => {
    if (role === "agent" || memoryGiB >= 4) return [];
    const text = `${memoryGiB} GiB are too few for a server, whose etcd and API server need them; use 4 or more, better 8`;
    return [{ path: `homelab:machines[${i}].memoryGiB`, text }];
  });
  const running = machines.flatMap((machine, i) =>
    runs(machine) ? [`homelab:machines[${i}].memoryGiB`] : [],
  );
  return {
    problems: small.filter(({ path }) => !running.includes(path)),
    notes: small
      .filter(({ path }) => running.includes(path))
      .map(({ path, text }) => `${path}: ${text}`),
  };
}
