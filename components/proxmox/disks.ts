import type { ExtraDisk, MachineSpec } from "../machine.ts";
import { propertyString } from "./property-string.ts";

/** Name of the root disk where disks are named; no extra disk is called so. */
export const rootDisk = "root";

/** Proxmox's name of a slot: `scsi1`. The root disk has slot 0. */
export function slotName(slot: number): string {
  return `scsi${slot}`;
}

/**
 * Where an extra disk is found on its machine, whatever order the kernel finds disks in: `/dev/sdb` may be another one
 * after the next boot. The name is the slot's and not the serial's: from QEMU's machine version 10.0 on, Proxmox VE 9,
 * SCSI disks get `device_id=drive-scsiN` (qemu-server, QemuServer/DriveDevice.pm), which udev makes the name of. Below
 * that version QEMU takes the serial (hw/scsi/scsi-disk.c), and the name changes with the update to Proxmox VE 9.
 */
export function byIdPath({ slot }: Pick<ExtraDisk, "slot">): string {
  return `/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_drive-${slotName(slot)}`;
}

/** A disk of a VM: as its config at Proxmox has it, or as the stack's state has it. */
export interface DiskSeen {
  /** `scsi1`, or another bus where a person attached it. */
  readonly slot: string;
  readonly datastore: string;
  /** Path in the datastore: `vm-122-disk-1`. */
  readonly volume: string;
  readonly sizeGiB: number;
  /** The name that an earlier run gave it; empty when there is none. */
  readonly serial: string;
}

/** Sizes as Proxmox writes them: `100G`, `65536M`, bytes (pve-common, JSONSchema.pm: parse_size). */
export function parseSizeGiB(text: string): number {
  const [, amount = "0", unit = ""] = /^(\d+(?:\.\d+)?)([KMGT]?)$/.exec(text) ?? [];
  const bytes = { "": 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 }[unit] ?? 1;
  return (Number(amount) * bytes) / 1024 ** 3;
}

/** The disks of a VM's config (GET nodes/N/qemu/ID/config), without CD and cloud-init drives and what is not attached. */
export function disksOf(config: Readonly<Record<string, unknown>>): readonly DiskSeen[] {
  return Object.entries(config).flatMap(([slot, value]) => {
    if (!/^(scsi|virtio|sata|ide)\d+$/.test(slot) || typeof value !== "string") return [];
    const [first = ""] = value.split(",");
    const properties = propertyString(value);
    const volid = first.replace(/^(file|volume)=/, "");
    if (volid === "none" || properties.get("media") === "cdrom" || /-cloudinit\b/.test(volid))
      return [];
    const at = volid.indexOf(":");
    return [
      {
        slot,
        datastore: volid.slice(0, Math.max(at, 0)),
        volume: volid.slice(at + 1),
        sizeGiB: parseSizeGiB(properties.get("size") ?? ""),
        serial: properties.get("serial") ?? "",
      },
    ];
  });
}

/** The root disk and the extra disks of a machine, as one list of what is wanted in which slot. */
export function wantedDisks(
  machine: Pick<MachineSpec, "diskGiB" | "extraDisks" | "datastores">,
): readonly ExtraDisk[] {
  const root = { name: rootDisk, slot: 0, sizeGiB: machine.diskGiB };
  return [{ ...root, datastore: machine.datastores.disks }, ...machine.extraDisks];
}
