import type { Problem } from "../../../components/problem.ts";
import type { SiteConfig } from "../../schema.ts";

type Host = SiteConfig["proxmox"]["hosts"][number];
type Machine = SiteConfig["machines"][number];

/**
 * Memory that a Proxmox node keeps, in GiB: for itself, for QEMU beside each machine's memory, and for a cache of ZFS,
 * which takes a tenth of the memory unless told otherwise (Proxmox VE Administration Guide, "Limit ZFS Memory Usage").
 */
export function reserveGiB({ reserveGiB: written }: Host, memoryGiB: number): number {
  return written ?? Math.max(2, Math.ceil(memoryGiB / 10));
}

/** The machines of a host fit into it, where the config says what it has: all memory, and for each machine the cores. */
export function capacity(config: SiteConfig): readonly Problem[] {
  return config.proxmox.hosts.flatMap((host, i) => [
    ...memory(
      host,
      `homelab:proxmox.hosts[${i}]`,
      config.machines.filter((machine) => machine.host === host.name),
    ),
    ...config.machines.flatMap((machine, index) => cores(host, machine, index)),
  ]);
}

function memory(host: Host, path: string, machines: readonly Machine[]): readonly Problem[] {
  if (host.memoryGiB === undefined) return [];
  const reserve = reserveGiB(host, host.memoryGiB);
  const wanted = machines.reduce((sum, machine) => sum + machine.memoryGiB, 0);
  const available = Math.max(0, host.memoryGiB - reserve);
  if (wanted <= available) return [];
  const each = machines.map(({ name, memoryGiB }) => `${name} ${memoryGiB}`).join(", ");
  const text =
    `machines on ${host.name} ask for ${wanted} GiB (${each}), ${available} GiB are left of ${host.memoryGiB} after a reserve of ` +
    `${reserve} GiB for Proxmox itself; make machines smaller or move one, or set reserveGiB`;
  return [{ path: `${path}.memoryGiB`, text }];
}

function cores(host: Host, machine: Machine, index: number): readonly Problem[] {
  if (machine.host !== host.name || machine.cores <= (host.cores ?? Infinity)) return [];
  const text = `${machine.cores} cores are more than the ${host.cores} of ${host.name}; use ${host.cores} or fewer`;
  return [{ path: `homelab:machines[${index}].cores`, text }];
}
