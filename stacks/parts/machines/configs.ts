/** What Proxmox has of machines, asked once for all who compare with it. */
import type { Machine, MachineSpec } from "../../../components/machine.ts";
import type { ProxmoxApi } from "../../../components/proxmox/proxmox-api.ts";

/** A machine's settings, GET nodes/N/qemu/ID/config; or why they could not be had. */
export type MachineConfig = Readonly<Record<string, unknown>> | Error;

/** The settings of each machine that stands on a host which is up, by VM id. `hosts` says where each is now. */
export async function readConfigs(
  api: ProxmoxApi,
  machines: readonly (Pick<MachineSpec, "vmId" | "host"> & Pick<Machine, "stands" | "offline">)[],
  hosts: ReadonlyMap<number, string>,
): Promise<ReadonlyMap<number, MachineConfig>> {
  const standing = machines.filter(({ stands, offline }) => stands && !offline);
  return new Map(
    await Promise.all(
      standing.map(async ({ vmId, host }): Promise<[number, MachineConfig]> => {
        const path = `nodes/${hosts.get(vmId) ?? host}/qemu/${vmId}/config`;
        try {
          return [vmId, await api<Readonly<Record<string, unknown>>>(path)];
        } catch (error) {
          return [vmId, error instanceof Error ? error : new Error(String(error))];
        }
      }),
    ),
  );
}
