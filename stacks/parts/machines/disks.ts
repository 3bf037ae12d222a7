import { ServiceError } from "../../../components/http/service-error.ts";
import type { Machine, MachineSpec, PlannedMachine } from "../../../components/machine.ts";
import type { Problem } from "../../../components/problem.ts";
import { judgeDisks } from "../../../components/proxmox/disk-changes.ts";
import { disksOf } from "../../../components/proxmox/disks.ts";
import type { Known } from "../../../components/proxmox/known-machines.ts";
import { storageProblems, type Storage } from "../../../components/proxmox/storages.ts";
import type { Judged } from "../../config/problem.ts";
import type { SiteFile } from "../../open-site.ts";
import type { MachineConfig } from "./configs.ts";

/** What was found before. */
export interface DiskLook {
  /** By VM id, of those that could be asked for. */
  readonly configs: ReadonlyMap<number, MachineConfig>;
  readonly known: Known;
  readonly storages: readonly Storage[];
}

/**
 * The machines with what may be done to their disks. Compares with what each machine has at Proxmox, because its slots may
 * differ from what the state remembers. Names every disk which would be lost, and every datastore that does not carry its
 * machine.
 */
export function judgeSiteDisks(
  { config }: SiteFile,
  machines: readonly (MachineSpec & Machine)[],
  look: DiskLook,
): Judged<readonly PlannedMachine[]> {
  const looked = machines.map((machine, i) =>
    lookAtDisks(machine, i, config.allowDiskRemoval, look),
  );
  return {
    found: looked.map(({ machine }) => machine),
    problems: [
      ...storageProblems(config.machines, look.storages),
      ...looked.flatMap((one) => one.problems),
    ],
    notes: [...looked.flatMap(({ notes }) => notes), ...adviceOnServers(config.machines)],
  };
}

interface Looked {
  readonly machine: PlannedMachine;
  readonly problems: readonly Problem[];
  /** What a person should know of a run that may go on. */
  readonly notes: readonly string[];
}

function lookAtDisks(
  machine: MachineSpec & Machine,
  index: number,
  permissions: readonly string[],
  { configs, known }: DiskLook,
): Looked {
  const before = known.machines.find(({ vmId }) => vmId === machine.vmId)?.disks;
  if (!machine.stands || before === undefined)
    return { machine: { ...machine, leaveDisks: false }, problems: [], notes: [] };
  const config = readable(configs.get(machine.vmId));
  // What cannot be looked at is left as it is.
  if (config === undefined || config instanceof ServiceError) {
    const text = `the disks of ${machine.name} cannot be looked at, and stay as they are in this run: `;
    const notes = config === undefined ? [] : [text + config.message];
    return { machine: { ...machine, leaveDisks: true }, problems: [], notes };
  }
  const prefix = `${machine.name}/`;
  const allowed = permissions.flatMap((one) =>
    one.startsWith(prefix) ? [one.slice(prefix.length)] : [],
  );
  const verdict = judgeDisks({ machine, attached: disksOf(config), known: before, allowed });
  const path = `homelab:machines[${index}] (${machine.name})`;
  const { extraDisks, leave, notes } = verdict;
  return {
    machine: { ...machine, extraDisks, leaveDisks: leave },
    problems: verdict.problems.map((text) => ({ path, text })),
    notes,
  };
}

/** The settings, or why Proxmox did not give them. Throws what is no failure of Proxmox. */
function readable(
  config: MachineConfig | undefined,
): Exclude<MachineConfig, Error> | ServiceError | undefined {
  if (config instanceof Error && !(config instanceof ServiceError)) throw config;
  return config;
}

/** A server that HA starts elsewhere fights with the etcd that is there; the cluster survives a lost server anyway. */
function adviceOnServers(machines: readonly MachineSpec[]): readonly string[] {
  return machines
    .filter(({ role, ha }) => role === "server" && ha !== undefined)
    .map(
      ({ name }) =>
        `${name} is a server under HA: etcd carries on without one server by itself, and a shared datastore under it is ` +
        "slow and fails for all servers at once; better remove its ha",
    );
}
