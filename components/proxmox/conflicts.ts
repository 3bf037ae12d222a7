import { programTag, siteTag } from "./tags.ts";

/** A machine that the Proxmox cluster has, whoever made it. */
export interface ExistingMachine {
  readonly vmId: number;
  readonly name: string;
  readonly host: string;
  readonly tags: readonly string[];
}

/** A machine that the site wants. */
export interface WantedMachine {
  readonly vmId: number;
  readonly name: string;
  readonly host: string;
  /** Machines under HA move by themselves; their host is no reason to build them anew. */
  readonly ha: boolean;
  /** Whether it is the first of several servers. */
  readonly beginsCluster: boolean;
}

/** What the check compares. */
export interface ConflictArgs {
  readonly site: string;
  readonly wanted: readonly WantedMachine[];
  readonly existing: readonly ExistingMachine[];
  /** Names that the config lists under `allowReplace`. */
  readonly allowReplace: readonly string[];
}

/** A reason to refuse the run: `machine` is the wanted machine's name. */
export interface Conflict {
  readonly machine: string;
  readonly text: string;
}

/** Whether a machine carries the marks of this program and site. */
export function isOwn(site: string, machine: ExistingMachine): boolean {
  return machine.tags.includes(programTag) && machine.tags.includes(siteTag(site));
}

/**
 * Why the wanted machines cannot be made beside those that exist. An id or name of somebody else's machine is refused
 * (Proxmox's provider would take that machine over, and destroy it later), and so is whatever would destroy and rebuild
 * a machine of this site that the config does not name under `allowReplace`.
 */
export function conflicts(args: ConflictArgs): readonly Conflict[] {
  return args.wanted.flatMap((wanted) => [...foreign(args, wanted), ...replacement(args, wanted)]);
}

function foreign(args: ConflictArgs, wanted: WantedMachine): readonly Conflict[] {
  const others = args.existing.filter((machine) => !isOwn(args.site, machine));
  const byId = others.find((machine) => machine.vmId === wanted.vmId);
  const byName = others.find(
    (machine) => machine.name === wanted.name && machine.vmId !== wanted.vmId,
  );
  const remedy = "choose another in the config, or remove that machine yourself";
  return [
    ...(byId === undefined
      ? []
      : [
          `VM id ${wanted.vmId} is taken by ${describe(byId)}, which is not of this site; ${remedy}`,
        ]),
    ...(byName === undefined
      ? []
      : [`the name is taken by ${describe(byName)}, which is not of this site; ${remedy}`]),
  ].map((text) => ({ machine: wanted.name, text }));
}

function replacement(args: ConflictArgs, wanted: WantedMachine): readonly Conflict[] {
  const own = args.existing.filter((machine) => isOwn(args.site, machine));
  const byName = own.find(
    (machine) => machine.name === wanted.name && machine.vmId !== wanted.vmId,
  );
  const byId = own.find((machine) => machine.vmId === wanted.vmId);
  const reasons: string[] = [];
  if (byName !== undefined)
    reasons.push(`its VM id is ${byName.vmId} now, the config says ${wanted.vmId}`);
  if (byId !== undefined && byId.host !== wanted.host && !wanted.ha) {
    reasons.push(`it runs on ${byId.host} now, the config says ${wanted.host}`);
  }
  if (args.allowReplace.includes(wanted.name)) {
    if (!wanted.beginsCluster) return [];
    // The machine joins through the others, whose steps come after its own as long as it stands first.
    return reasons.map((reason) => ({
      machine: wanted.name,
      text: `${reason}: the first server cannot be built anew; move another server to the top of homelab:machines first`,
    }));
  }
  const remedy =
    "this would destroy the machine with its disks and build a new one; undo the change, or name " +
    `${wanted.name} under homelab:allowReplace`;
  return reasons.map((reason) => ({ machine: wanted.name, text: `${reason}: ${remedy}` }));
}

function describe(machine: ExistingMachine): string {
  return `${machine.name || "a machine without name"} (${machine.vmId} on ${machine.host})`;
}
