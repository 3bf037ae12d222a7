/** Whether each machine that Proxmox shows, or hides, is surely the one that the site takes it for. */
import type { MachineSpec } from "../machine.ts";
import type { Problem } from "../problem.ts";
import type { ExistingMachine } from "./inventory.ts";
import type { KnownMachine } from "./known-machines.ts";
import { generationsOf, isOwn, machineTags, programTag, siteTag } from "./tags.ts";

/** A machine of the config, as far as it is told from others. */
type Wanted = Pick<MachineSpec, "name" | "vmId">;

/** What is compared. */
export interface IdentityArgs {
  readonly site: string;
  readonly wanted: readonly Wanted[];
  readonly existing: readonly ExistingMachine[];
  /** Machines in the state of this stack. */
  readonly known: readonly KnownMachine[];
  /** VM ids that are taken by guests which the token does not see. */
  readonly hidden: readonly number[];
}

/**
 * The machine that this stack made and that has since lost the marks by which it is known, as its state knows it;
 * undefined for every other.
 */
export function unmarked(
  { site, known }: Pick<IdentityArgs, "site" | "known">,
  machine: ExistingMachine,
): KnownMachine | undefined {
  if (isOwn(site, machine)) return undefined;
  return known.find(({ vmId, name }) => vmId === machine.vmId && isCalled(machine, name));
}

/** Whether a machine has the name, as far as Proxmox tells: of guests whose host has been down for a while it does not. */
export function isCalled(machine: Pick<ExistingMachine, "name">, name: string): boolean {
  return machine.name === "" || machine.name === name;
}

/**
 * Why it cannot be told whether machines are those that this stack made. Not seen is not gone, and another tag is not
 * another machine: a wrong guess would take a node out of the cluster that runs well, so each is for a person to put
 * right.
 */
export function doubts(args: IdentityArgs): readonly Problem[] {
  const { wanted, existing, known, hidden } = args;
  const shown = existing.flatMap((machine) => {
    const text = markDoubt(args, machine);
    return text === undefined ? [] : [{ path: pathOf(wanted, machine), text }];
  });
  const concealed = hidden.map((vmId) => {
    const mine = known.find((machine) => machine.vmId === vmId);
    const want = wanted.find((machine) => machine.vmId === vmId);
    const path = pathOf(wanted, { vmId, name: mine?.name ?? want?.name ?? "" });
    return { path, text: hiddenText(vmId, mine) };
  });
  return [...shown, ...concealed];
}

function pathOf(
  wanted: readonly Wanted[],
  { vmId, name }: Pick<ExistingMachine, "vmId" | "name">,
): string {
  const index = wanted.findIndex((machine) => machine.vmId === vmId);
  const shown = wanted[index]?.name ?? (name === "" ? `VM ${vmId}` : name);
  return index < 0 ? `homelab:machines (${shown})` : `homelab:machines[${index}] (${shown})`;
}

function markDoubt(args: IdentityArgs, machine: ExistingMachine): string | undefined {
  const { site } = args;
  const lost = unmarked(args, machine);
  const where = `VM ${machine.vmId} on ${machine.host}`;
  if (lost !== undefined) {
    return (
      `${where} was made by this site, but carries its tags ${programTag} and ${siteTag(site)} no more; ` +
      `put all its tags back: ${retag(machine, lost.tags)}`
    );
  }
  if (!isOwn(site, machine)) return undefined;
  const generations = generationsOf(machine.tags);
  const before = args.known.find(({ vmId }) => vmId === machine.vmId);
  const right = generationsOf(before?.tags ?? [])[0];
  if (generations.length === 1 && (right === undefined || generations[0] === right)) {
    return undefined;
  }
  const seen =
    generations.length === 0
      ? "carries no tag gen-XXXXXXXX"
      : `carries ${generations.join(" and ")}`;
  if (right === undefined) {
    return (
      `${where} ${seen}, and the state of this stack does not know the right one, so that nobody can say whether it is ` +
      "the machine that was installed; put the right one back (the annotation homelab/generation of its node has it), " +
      "or remove the machine yourself"
    );
  }
  const further = machine.tags.filter((tag) => !generations.includes(tag));
  return (
    `${where} ${seen}, and this stack gave it ${right}: with another it would count as built anew, and its node would be ` +
    `taken out of the cluster; put it back: ${retag(machine, machineTags(site, right, further))}`
  );
}

function retag({ vmId, host }: ExistingMachine, tags: readonly string[]): string {
  return `on ${host}, qm set ${vmId} --tags '${tags.join(";")}'`;
}

function hiddenText(vmId: number, mine: KnownMachine | undefined): string {
  const remedy = "give it VM.Audit on / (docs/proxmox.md)";
  return mine === undefined
    ? `VM id ${vmId} is taken by a guest that the Proxmox token may not see; choose another vmId, or ${remedy}`
    : `VM ${vmId} on ${mine.host} exists, but the Proxmox token does not see it any more, so that nobody can say what became ` +
        `of it; ${remedy}, or put it back into its pool`;
}
