import type { ExtraDisk, MachineSpec } from "../machine.ts";
import { rootDisk, slotName, wantedDisks, type DiskSeen } from "./disks.ts";

/** What the check of a machine's disks compares. The machine stands, and the state knows it. */
export interface DiskArgs {
  readonly machine: Pick<MachineSpec, "name" | "vmId" | "diskGiB" | "extraDisks" | "datastores">;
  /** What the VM has now. */
  readonly attached: readonly DiskSeen[];
  /** What the last run left, in the order of the state's list. */
  readonly known: readonly DiskSeen[];
  /** Disks of this machine that the config lists under `allowDiskRemoval`, by name or slot. */
  readonly allowed: readonly string[];
}

/** What follows from the comparison. */
export interface DiskVerdict {
  /** Why the disks may not be as the config says; a run with one of them changes nothing. */
  readonly problems: readonly string[];
  /** What a person should know of a run that may go on. */
  readonly notes: readonly string[];
  /** The extra disks in the order for the provider's list. */
  readonly extraDisks: readonly ExtraDisk[];
  /**
   * Whether the run must not touch the disks at all: a person attached one, and nothing is to be done to the others. The
   * provider would detach it along with any change (bpg, proxmoxtf/resource/vm/vm.go, vmUpdate).
   */
  readonly leave: boolean;
}

/**
 * Compares the disks that a machine has with those that the config gives it. A slot's content never changes in silence:
 * removal, another datastore and another name need a permission; exchange, shrinking and the loss of a disk that a person
 * attached are refused.
 */
export function judgeDisks(args: DiskArgs): DiskVerdict {
  const wanted = wantedDisks(args.machine);
  const foreign = args.attached.filter(
    (disk) => !has(args.known, disk.slot) && !has(wanted, disk.slot),
  );
  const changes = wanted.some((disk) => differs(args, disk)) || leaving(args).length > 0;
  const problems = [
    ...wanted.flatMap((disk) => ofWanted(args, disk)),
    ...leaving(args).flatMap((disk) => ofLeaving(args, disk)),
    ...exchangeInOneRun(args),
    ...(changes ? foreign.flatMap((disk) => ofForeign(args, disk)) : []),
  ];
  const kept = foreign.filter((disk) => !changes || !isAllowed(args, disk));
  return {
    problems,
    notes: changes ? told(args) : kept.map((disk) => staysAttached(args, disk)),
    extraDisks: inOrder(args),
    leave: !changes && foreign.length > 0,
  };
}

/** Disks of the last run that the config has no more, and that are there. */
function leaving({ machine, known, attached }: DiskArgs): readonly DiskSeen[] {
  const wanted = wantedDisks(machine);
  return known.filter(({ slot }) => !has(wanted, slot) && has(attached, slot));
}

/**
 * The state's order, and new disks behind it: the provider gives an entry that is new the volume of the one which had its
 * place in the list (bpg, proxmoxtf/resource/vm/disk/schema.go: path_in_datastore is computed).
 */
function inOrder({ machine, known }: DiskArgs): readonly ExtraDisk[] {
  const place = ({ slot }: ExtraDisk): number => {
    const at = known.findIndex((disk) => disk.slot === slotName(slot));
    return at < 0 ? known.length + slot : at;
  };
  return machine.extraDisks.toSorted((a, b) => place(a) - place(b));
}

/** Whether the provider has something to do for a disk. */
function differs({ known, attached }: DiskArgs, disk: ExtraDisk): boolean {
  return [known, attached].some((disks) => {
    const seen = at(disks, slotName(disk.slot));
    return (
      seen?.sizeGiB !== disk.sizeGiB ||
      seen.datastore !== disk.datastore ||
      seen.serial !== (disk.slot === 0 ? seen.serial : disk.name)
    );
  });
}

function ofWanted(args: DiskArgs, disk: ExtraDisk): readonly string[] {
  const { machine, known, attached } = args;
  const slot = slotName(disk.slot);
  const now = at(attached, slot);
  const before = at(known, slot);
  if (now === undefined) return before === undefined ? [] : [detached(args, disk, before)];
  if (before === undefined) return takenOver(disk, now);
  const { name } = machine;
  return [
    ...otherDisk(args, disk, before),
    ...(now.sizeGiB > disk.sizeGiB ? [shrunk(disk, now)] : []),
    ...(now.datastore === disk.datastore || args.allowed.includes(disk.name)
      ? []
      : [
          `the disk ${disk.name} (${slot}) lies on ${now.datastore}, the config says ${disk.datastore}: the machine is ` +
            `stopped while it moves; undo the change, or name ${name}/${disk.name} under homelab:allowDiskRemoval`,
        ]),
  ];
}

/** A slot with the serial of another disk. Before disks had names, a slot had none. */
function otherDisk(args: DiskArgs, disk: ExtraDisk, { serial }: DiskSeen): readonly string[] {
  if (disk.slot === 0 || serial === "" || serial === disk.name) return [];
  const { machine, allowed } = args;
  const [slot, elsewhere] = [slotName(disk.slot), machine.extraDisks.find(named(serial))];
  if (elsewhere !== undefined) {
    return [
      `the disk ${serial} is in slot ${disk.slot}, the config says slot ${elsewhere.slot}, and data stay in their slot: ` +
        `write slot: ${disk.slot} for ${serial} again`,
    ];
  }
  if (allowed.includes(serial)) return [];
  return [
    `slot ${disk.slot} holds the disk ${serial}, the config calls it ${disk.name}: take back the name. If the same disk ` +
      `with its content is to be called ${disk.name}, name ${machine.name}/${serial} under homelab:allowDiskRemoval; a ` +
      `further disk takes a slot of its own, not ${slot}`,
  ];
}

const named =
  (name: string) =>
  (disk: ExtraDisk): boolean =>
    disk.name === name;

function shrunk(disk: ExtraDisk, now: DiskSeen): string {
  const fact = `${title(disk)} has ${shown(now)} GiB, the config says ${disk.sizeGiB}, and Proxmox shrinks no disk`;
  return disk.slot === 0
    ? `${fact}: write diskGiB: ${shown(now)} again; a smaller one comes only with a machine that is built anew ` +
        "(another vmId, and allowReplace)"
    : `${fact}: write sizeGiB: ${shown(now)} again; for a smaller one take this out under allowDiskRemoval, and add ` +
        "another in a later up";
}

function detached({ machine }: DiskArgs, disk: ExtraDisk, before: DiskSeen): string {
  // The provider saves a change that failed as if it had been made: a disk that was to come has no volume there.
  if (before.volume === "")
    return (
      `the state has ${title(disk)}, and no run has seen it: the machine's last change failed. npm run up asks Proxmox ` +
      "first, and makes it; before a plain pulumi up, or a preview, run pulumi refresh"
    );
  const volid = `${before.datastore}:${before.volume}`;
  const serial = disk.slot === 0 ? "" : `,serial=${disk.name}`;
  return (
    `${title(disk)} was there after the last up and is not attached now; attach it again: ` +
    `qm set ${machine.vmId} --${before.slot} ${volid}${serial}. If it is lost for good, take it out of the config, and ` +
    "add another in a later up"
  );
}

/** A disk that a person attached where the config wants one: it is taken over as it is, or not at all. */
function takenOver(disk: ExtraDisk, now: DiskSeen): readonly string[] {
  if (now.sizeGiB === disk.sizeGiB && now.datastore === disk.datastore) return [];
  return [
    `slot ${disk.slot} of ${disk.name} holds a disk already that no up has made (${describe(now)}): choose another ` +
      `slot, or write its sizeGiB: ${shown(now)} and datastore: ${now.datastore}, and it is taken over with its content`,
  ];
}

function ofLeaving(args: DiskArgs, disk: DiskSeen): readonly string[] {
  const { name } = args.machine;
  if (isAllowed(args, disk)) return [];
  return [
    `the config has the disk ${disk.serial || disk.slot} no more (${describe(disk)}), and it would be taken from the ` +
      `running machine; put it back, or name ${name}/${disk.serial || disk.slot} under homelab:allowDiskRemoval: ` +
      "Proxmox then keeps it as an unused disk, with its content, until you remove it there",
  ];
}

/** An entry that is new at the place of one that goes would be given that one's volume. */
function exchangeInOneRun({ machine, known, attached }: DiskArgs): readonly string[] {
  const wanted = wantedDisks(machine);
  const gone = known.filter(({ slot }) => !has(wanted, slot));
  const fresh = wanted.filter(
    ({ slot }) => !has(known, slotName(slot)) && !has(attached, slotName(slot)),
  );
  if (gone.length === 0 || fresh.length === 0) return [];
  const names = gone.map(({ serial, slot }) => serial || slot).join(", ");
  return [
    `${names} goes and ${fresh.map(({ name }) => name).join(", ")} comes: take disks out in one up, and add others in ` +
      "the next, or the new disk would be given the content of the old one",
  ];
}

function ofForeign(args: DiskArgs, disk: DiskSeen): readonly string[] {
  const { name } = args.machine;
  if (isAllowed(args, disk)) return [];
  const number = /^scsi(\d+)$/.exec(disk.slot)?.[1];
  const keep =
    number === undefined
      ? "attach it as a scsi disk and add it to extraDisks"
      : `add it to extraDisks as it is: { name: NAME, slot: ${number}, sizeGiB: ${shown(disk)}, datastore: ${disk.datastore} }`;
  return [
    `${disk.slot} holds a disk that no up has made (${describe(disk)}), and a change of this machine's disks takes it ` +
      `away; to keep it, ${keep}; else name ${name}/${disk.slot} under homelab:allowDiskRemoval`,
  ];
}

function staysAttached({ machine }: DiskArgs, disk: DiskSeen): string {
  return (
    `${machine.name} has a disk that no up has made: ${disk.slot} (${describe(disk)}). It stays as long as no other disk ` +
    "of the machine changes; add it to extraDisks to keep it for good, or detach it in Proxmox"
  );
}

/** What a person has allowed and this run does. */
function told(args: DiskArgs): readonly string[] {
  const { machine, attached } = args;
  const moves = wantedDisks(machine).flatMap((disk) => {
    const now = at(attached, slotName(disk.slot));
    if (now === undefined || now.datastore === disk.datastore) return [];
    return [
      `${machine.name} is stopped while ${disk.name} moves from ${now.datastore} to ${disk.datastore}`,
    ];
  });
  const removals = leaving(args).map(
    ({ serial, slot }) =>
      `${machine.name} loses the disk ${serial || slot}; Proxmox keeps it as unused until you remove it there`,
  );
  return [...moves, ...removals, ...wantedDisks(machine).flatMap((disk) => overlooked(args, disk))];
}

/** A disk that the state has as the config says, and Proxmox has not: the provider compares with the state alone. */
function overlooked({ machine, known, attached }: DiskArgs, disk: ExtraDisk): readonly string[] {
  const [before, now] = [known, attached].map((disks) => at(disks, slotName(disk.slot)));
  if (before === undefined || now === undefined) return [];
  const grown = before.sizeGiB === disk.sizeGiB && now.sizeGiB < disk.sizeGiB;
  const moved = before.datastore === disk.datastore && now.datastore !== disk.datastore;
  if (!grown && !moved) return [];
  return [
    `${title(disk)} of ${machine.name} is not as the state has it (${describe(now)}), as after a change that failed: only ` +
      "a run with --refresh sees that",
  ];
}

function isAllowed({ allowed }: DiskArgs, { serial, slot }: DiskSeen): boolean {
  return allowed.includes(slot) || (serial !== "" && allowed.includes(serial));
}

function has(disks: readonly { readonly slot: string | number }[], slot: string): boolean {
  return disks.some(
    (disk) => (typeof disk.slot === "number" ? slotName(disk.slot) : disk.slot) === slot,
  );
}

function at(disks: readonly DiskSeen[], slot: string): DiskSeen | undefined {
  return disks.find((disk) => disk.slot === slot);
}

function title({ name, slot }: ExtraDisk): string {
  return name === rootDisk ? "the root disk" : `the disk ${name} (${slotName(slot)})`;
}

function describe(disk: DiskSeen): string {
  return `${disk.slot}, ${shown(disk)} GiB, ${disk.datastore}:${disk.volume}`;
}

/** Sizes that a person or an image made are not always whole. */
function shown({ sizeGiB }: DiskSeen): string {
  return String(Math.round(sizeGiB * 100) / 100);
}
