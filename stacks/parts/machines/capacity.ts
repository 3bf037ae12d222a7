import type { Problem } from "../../../components/problem.ts";
import type { SiteConfig } from "../../schema.ts";

/** Memory that a Proxmox node keeps for itself, in GiB. */
const hostReserveGiB = 2;

/** The machines of a host fit into it, where the config says what it has: all memory, and for each machine the cores. */
export function capacity(config: SiteConfig): readonly Problem[] {
  return config.proxmox.hosts.flatMap((host, i) => {
    const placed = config.machines
      .map((machine, index) => ({ machine, index }))
      .filter((p) => p.machine.host === host.name);
    const wanted = placed.reduce((sum, { machine }) => sum + machine.memoryGiB, 0);
    const available = (host.memoryGiB ?? Infinity) - hostReserveGiB;
    const memory =
      wanted > available
        ? [
            {
              path: `homelab:proxmox.hosts[${i}].memoryGiB`,
              text:
                `machines on ${host.name} ask for ${wanted} GiB, ${Math.max(0, available)} GiB are left after ` +
                `${hostReserveGiB} GiB for Proxmox; make machines smaller or move one`,
            },
          ]
        : [];
    const threads = host.cores ?? Infinity;
    const cores = placed
      .filter(({ machine }) => machine.cores > threads)
      .map(({ machine, index }) => ({
        path: `homelab:machines[${index}].cores`,
        text: `${machine.cores} cores are more than the ${threads} of ${host.name}; use ${threads} or fewer`,
      }));
    return [...memory, ...cores];
  });
}
