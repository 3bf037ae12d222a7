import type { MachineSpec } from "../machine.ts";
import type { Problem } from "../problem.ts";
import { isCalled, unmarked } from "./identity.ts";
import type { ExistingMachine } from "./inventory.ts";
import type { KnownMachine } from "./known-machines.ts";
import { generationsOf, isOwn } from "./tags.ts";

/** What decides whether a machine may be made: HA moves machines by itself, and a server carries a part of etcd. */
export type WantedMachine = Pick<
  MachineSpec,
  "name" | "vmId" | "host" | "role" | "ha" | "address" | "uefi" | "cpuType"
> & { readonly datastores: Pick<MachineSpec["datastores"], "snippets"> };

/** What the check compares. */
export interface ConflictArgs {
  readonly site: string;
  /** In the config's order: the first server begins the cluster. */
  readonly wanted: readonly WantedMachine[];
  readonly existing: readonly ExistingMachine[];
  /** Names that the config lists under `allowReplace`. */
  readonly allowReplace: readonly string[];
  /** Machines in the state of this stack. */
  readonly known: readonly KnownMachine[];
  /** Hosts that are down. */
  readonly offline: readonly string[];
}

/**
 * Why the wanted machines cannot be made beside those that exist. An id or name of somebody else's machine is refused
 * (Proxmox's provider would take that machine over, and destroy it later), so is the id of another machine of this site,
 * and so is whatever would destroy and rebuild a machine of this site that the config does not name under
 * `allowReplace`. A server is rebuilt only while all others stand: machines go at once, and etcd has to keep most of its
 * members.
 */
export function conflicts(args: ConflictArgs): readonly Problem[] {
  return args.wanted.flatMap((wanted, i) => {
    const path = `homelab:machines[${i}] (${wanted.name})`;
    return [...foreign(args, wanted), ...replacement(args, wanted), ...occupied(args, wanted)].map(
      (text) => ({ path, text }),
    );
  });
}

function foreign(args: ConflictArgs, wanted: WantedMachine): readonly string[] {
  const others = args.existing.filter(
    (machine) => !isOwn(args.site, machine) && unmarked(args, machine) === undefined,
  );
  const byId = others.find((machine) => machine.vmId === wanted.vmId);
  const byName = others.find(
    (machine) => machine.name === wanted.name && machine.vmId !== wanted.vmId,
  );
  const renamed = formerly(args, wanted);
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
    ...(renamed === undefined
      ? []
      : [
          `VM id ${wanted.vmId} is that of ${describe(renamed)}, which is of this site too, and a machine cannot be ` +
            `renamed: take back the name, or give ${wanted.name} another vmId and address and name ${renamed.name} ` +
            "under homelab:allowRemove",
        ]),
  ];
}

/** The machine of this site that has the wanted machine's id under another name. */
function formerly(
  { site, existing }: ConflictArgs,
  { vmId, name }: WantedMachine,
): ExistingMachine | undefined {
  return existing.find(
    (machine) => machine.vmId === vmId && !isCalled(machine, name) && isOwn(site, machine),
  );
}

/** Why a machine of this site would be destroyed and built anew; empty when it would not be. */
export function rebuildReasons(args: ConflictArgs, wanted: WantedMachine): readonly string[] {
  const own = args.existing.filter((machine) => isOwn(args.site, machine));
  const byName = own.find(
    (machine) => machine.name === wanted.name && machine.vmId !== wanted.vmId,
  );
  const found: string[] = [];
  if (byName !== undefined)
    found.push(`its VM id is ${byName.vmId} now, the config says ${wanted.vmId}`);
  const elsewhere = misplaced(args, wanted);
  if (elsewhere !== undefined)
    found.push(`it runs on ${elsewhere.host} now, the config says ${wanted.host}`);
  const { address, role, snippets, uefi = false } = installed(args, wanted) ?? {};
  if (address !== undefined && address !== wanted.address) {
    found.push(
      `it was installed at ${address}, the config says ${wanted.address}, and the cluster knows it by its address` +
        (role === "server" ? ", etcd above all, which takes no member at another" : ""),
    );
  }
  if (role !== undefined && role !== wanted.role) {
    found.push(
      `it was installed as ${articles[role]}, the config says ${wanted.role}, and RKE2 changes no machine from one to the other`,
    );
  }
  // ForceNew in the provider's schema (bpg terraform-provider-proxmox v0.111.1, proxmoxtf/resource/vm/vm.go).
  if (snippets !== undefined && snippets !== wanted.datastores.snippets) {
    found.push(
      `its cloud-init document lies on ${snippets}, the config says ${wanted.datastores.snippets} (datastores.snippets), ` +
        "and for a document elsewhere the provider builds a machine anew",
    );
  }
  // The provider never takes an EFI disk away, and would find it at each run (vmRead there).
  if (uefi && !wanted.uefi) {
    found.push("it was made with UEFI, the config says none, and its EFI disk goes with it alone");
  }
  return found;
}

/** The wanted machine where it is on another host than the config says, and HA has not moved it. */
function misplaced(args: ConflictArgs, wanted: WantedMachine): ExistingMachine | undefined {
  if (wanted.ha !== undefined) return undefined;
  return args.existing.find(
    (machine) =>
      machine.vmId === wanted.vmId &&
      machine.host !== wanted.host &&
      isCalled(machine, wanted.name) &&
      isOwn(args.site, machine),
  );
}

const articles = { server: "a server", agent: "an agent" } as const;

/** The wanted machine as the state has it, where it is still the one that Proxmox shows. */
function installed(
  { existing, known }: ConflictArgs,
  { vmId, name }: WantedMachine,
): KnownMachine | undefined {
  const before = known.find((machine) => machine.vmId === vmId && machine.name === name);
  const now = existing.find((machine) => machine.vmId === vmId);
  if (before === undefined || now === undefined) return undefined;
  return generationsOf(before.tags)[0] === generationsOf(now.tags)[0] ? before : undefined;
}

/**
 * Whose address the wanted machine would have at once with it: machines that go are destroyed after those that come. Only
 * what is built anew under its own name is destroyed before (`deleteBeforeReplace` in virtual-machine.ts).
 */
function occupied(args: ConflictArgs, wanted: WantedMachine): readonly string[] {
  const holder = args.known.find(
    ({ vmId, name, address }) =>
      address === wanted.address &&
      vmId !== wanted.vmId &&
      name !== wanted.name &&
      args.existing.some((machine) => machine.vmId === vmId),
  );
  if (holder === undefined) return [];
  const rid = args.wanted.some(({ vmId }) => vmId === holder.vmId)
    ? `give ${holder.name} another one`
    : `let ${holder.name} leave`;
  return [
    `${wanted.address} is the address of ${holder.name} (VM ${holder.vmId}) until it is gone; ${rid} in an up of its own first`,
  ];
}

function replacement(args: ConflictArgs, wanted: WantedMachine): readonly string[] {
  const remedy = refusal(args, wanted);
  if (remedy === undefined) return [];
  return rebuildReasons(args, wanted).map((reason) => `${reason}: ${remedy}`);
}

/** What speaks against building a machine anew, with what to do; undefined when nothing does. */
function refusal(args: ConflictArgs, wanted: WantedMachine): string | undefined {
  const { name } = wanted;
  const others = args.wanted.filter((other) => other.name !== name && isMember(args, other));
  if (!args.allowReplace.includes(name)) {
    const only = isMember(args, wanted) && others.length === 0;
    return (
      `this would destroy the machine with its disks${only ? ", the cluster's only database among them," : ""} ` +
      `and build a new one; ${asItWas(args, wanted)}, or name ${name} under homelab:allowReplace`
    );
  }
  // One that becomes a server takes nothing from etcd.
  if (!isMember(args, wanted)) return undefined;
  const weak = others.map((other) => weakness(args, other)).find(Boolean);
  return weak === undefined
    ? undefined
    : `${weak}, and etcd would lose most of its members; build one server anew at a time, while all others run`;
}

/**
 * How a machine keeps its disks. Where the hosts differ, somebody has edited the file, or migrated the machine. With its
 * name: one that has none of its own is called after its host.
 */
function asItWas(args: ConflictArgs, wanted: WantedMachine): string {
  const elsewhere = misplaced(args, wanted);
  if (elsewhere === undefined) return "undo the change";
  const { vmId, host } = elsewhere;
  return (
    `write { name: ${wanted.name}, host: ${host} }, or move it with its disks: on ${host}, ` +
    `${migration(vmId, wanted)} (docs/proxmox.md)`
  );
}

/**
 * The commands that move a machine. A guest that was told of its host's own processor may die where another one is
 * (qemu-cpu-models(7), "Host passthrough"; Proxmox compares none), and what was off waits to be started there.
 */
function migration(vmId: number, { host, cpuType }: WantedMachine): string {
  return cpuType === "host" || cpuType === "max"
    ? `qm shutdown ${vmId} && qm migrate ${vmId} ${host}, and on ${host}, qm start ${vmId}`
    : `qm migrate ${vmId} ${host} --online --with-local-disks`;
}

/** Whether a machine carries a part of etcd now. */
function isMember(args: ConflictArgs, wanted: WantedMachine): boolean {
  return (installed(args, wanted)?.role ?? wanted.role) === "server";
}

/** Why etcd cannot count on a server during this run; undefined when it can. */
function weakness(args: ConflictArgs, server: WantedMachine): string | undefined {
  if (rebuildReasons(args, server).length > 0) return `${server.name} is to be built anew too`;
  const found = args.existing.find(
    (machine) => machine.vmId === server.vmId && isOwn(args.site, machine),
  );
  if (found === undefined) return `${server.name} is not there now`;
  return args.offline.includes(found.host)
    ? `the host ${found.host} of ${server.name} is down`
    : undefined;
}

function describe(machine: ExistingMachine): string {
  return `${machine.name || "a machine without name"} (${machine.vmId} on ${machine.host})`;
}
