import { log, RunError } from "@pulumi/pulumi";
import { ServiceError } from "../../../components/http/service-error.ts";
import type { Machine, MachineSpec, PlannedMachine } from "../../../components/machine.ts";
import type { Problem } from "../../../components/problem.ts";
import { judgeDisks } from "../../../components/proxmox/disk-changes.ts";
import { disksOf } from "../../../components/proxmox/disks.ts";
import type { Known } from "../../../components/proxmox/known-machines.ts";
import type { ProxmoxApi } from "../../../components/proxmox/proxmox-api.ts";
import { storageProblems, type Storage } from "../../../components/proxmox/storages.ts";
import { describeProblems } from "../../config/problem.ts";
import type { SiteFile } from "../../open-site.ts";

/** What is asked, and what was found before. */
export interface DiskLook {
  readonly api: ProxmoxApi;
  readonly known: Known;
  readonly storages: readonly Storage[];
  /** Where each VM is now, by id. */
  readonly hosts: ReadonlyMap<number, string>;
}

/**
 * The machines with what may be done to their disks. Asks Proxmox what each machine that stands has, because its slots may
 * differ from what the state remembers. Throws one RunError that names every disk which would be lost, and every datastore
 * that does not carry its machine.
 */
export async function checkDisks(
  { name: site, config }: SiteFile,
  machines: readonly (MachineSpec & Machine)[],
  look: DiskLook,
): Promise<readonly PlannedMachine[]> {
  const looked = await Promise.all(
    machines.map((machine, i) => lookAtDisks(machine, i, config.allowDiskRemoval, look)),
  );
  const problems = [
    ...storageProblems(config.machines, look.storages),
    ...looked.flatMap((one) => one.problems),
  ];
  if (problems.length > 0) throw new RunError(describeProblems(site, problems));
  for (const note of looked.flatMap(({ notes }) => notes)) void log.warn(note);
  adviseOnServers(config.machines);
  return looked.map(({ machine }) => machine);
}

interface Looked {
  readonly machine: PlannedMachine;
  readonly problems: readonly Problem[];
  /** What a person should know of a run that may go on. */
  readonly notes: readonly string[];
}

async function lookAtDisks(
  machine: MachineSpec & Machine,
  index: number,
  permissions: readonly string[],
  { api, known, hosts }: DiskLook,
): Promise<Looked> {
  const before = known.machines.find(({ vmId }) => vmId === machine.vmId)?.disks;
  if (!machine.stands || before === undefined)
    return { machine: { ...machine, leaveDisks: false }, problems: [], notes: [] };
  const host = hosts.get(machine.vmId) ?? machine.host;
  const config = machine.offline ? undefined : await configOf(api, host, machine);
  // What cannot be looked at is left as it is.
  if (config === undefined)
    return { machine: { ...machine, leaveDisks: true }, problems: [], notes: [] };
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

async function configOf(
  api: ProxmoxApi,
  host: string,
  { vmId, name }: MachineSpec,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    return await api(`nodes/${host}/qemu/${vmId}/config`);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    void log.warn(
      `the disks of ${name} cannot be looked at, and stay as they are in this run: ${error.message}`,
    );
    return undefined;
  }
}

/** A server that HA starts elsewhere fights with the etcd that is there; the cluster survives a lost server anyway. */
function adviseOnServers(machines: readonly MachineSpec[]): void {
  for (const { name, role, ha } of machines)
    if (role === "server" && ha !== undefined)
      void log.warn(
        `${name} is a server under HA: etcd carries on without one server by itself, and a shared datastore under it is ` +
          "slow and fails for all servers at once; better remove its ha",
      );
}
