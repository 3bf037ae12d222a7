import type { MachineSpec } from "../machine.ts";

/**
 * MAC address of a machine, in upper case as Proxmox answers it: the given one, or one made of the VM id and the
 * second and third byte of the LAN address (sites may share VM ids), locally administered and unicast (IEEE 802).
 */
export function machineMac(machine: Pick<MachineSpec, "vmId" | "address" | "mac">): string {
  if (machine.mac !== undefined) return machine.mac.toUpperCase();
  const subnet = machine.address.split(".").slice(1, 3).map(Number);
  const id = [16, 8, 0].map((shift) => (machine.vmId >>> shift) & 0xff);
  const first = 0x02 | (((machine.vmId >>> 24) & 0x3f) << 2);
  return [first, ...subnet, ...id]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join(":")
    .toUpperCase();
}

/**
 * MAC address of a machine's further card, from 1: that of its first card with the number added to the third byte and the
 * other half of the locally administered addresses, so that no first card of any machine has it.
 */
export function cardMac(
  machine: Pick<MachineSpec, "vmId" | "address" | "mac">,
  index: number,
): string {
  const bytes = machineMac(machine)
    .split(":")
    .map((byte) => Number.parseInt(byte, 16));
  const [first = 0, second = 0, third = 0, ...id] = bytes;
  return [0x02 | ((first ^ 0x80) & 0xfe), second, (third + index) & 0xff, ...id]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join(":")
    .toUpperCase();
}
