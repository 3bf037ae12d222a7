/** Which machines have a device, as far as the site file says. */
import type { MachineSpec } from "../../../components/machine.ts";
import { runsPods } from "../machines/nodes.ts";
import type { DevicesConfig } from "./schema.ts";

type Device = DevicesConfig[string];

/** Whether a machine is given what the device is. */
export function has(machine: Pick<MachineSpec, "pci" | "usb">, { pci, usb }: Device): boolean {
  return (
    (pci !== undefined && machine.pci.includes(pci)) ||
    (usb !== undefined && machine.usb.includes(usb))
  );
}

/** Machines on which a pod can be given all of these. */
export function machinesFor<M extends MachineSpec>(
  machines: readonly M[],
  devices: readonly Device[],
): readonly M[] {
  return machines.filter(
    (machine) => runsPods(machine) && devices.every((device) => has(machine, device)),
  );
}
