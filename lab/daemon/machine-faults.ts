/** Faults of machines: one that has been started and whose network comes late. */
import type { LabHypervisor } from "../machines/hypervisor.ts";
import { setCable } from "../machines/network.ts";
import type { Faults } from "../world/faults.ts";

/**
 * The same hypervisor, under the faults of the service `machine`: a delay keeps a freshly started machine off the
 * network for that long, while its host calls it running. `report` is told when the cable cannot be moved.
 */
export function withMachineFaults(
  hypervisor: LabHypervisor,
  faults: Faults,
  report: (error: unknown) => void,
): LabHypervisor {
  const arriveLate = async (vmid: number, name: string): Promise<void> => {
    let late = false;
    const delayed = Promise.resolve(
      faults.consult("machine", { method: "BOOT", path: `boot/${vmid}`, host: name }),
    ).then(() => (late = true));
    // A request that no fault meets is through within this turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
    if (late) return;
    await setCable(vmid, "down");
    await delayed;
    if (hypervisor.running(vmid)) await setCable(vmid, "up");
  };
  return {
    ...hypervisor,
    async start(definition) {
      const before = hypervisor.running(definition.vmid);
      await hypervisor.start(definition);
      if (!before) void arriveLate(definition.vmid, definition.name).catch(report);
    },
  };
}
