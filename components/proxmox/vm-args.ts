import type { VmLegacyArgs } from "@muhlba91/pulumi-proxmoxve";
import type { Input } from "@pulumi/pulumi";
import { memoryMiB, type Machine, type MachineSpec, type PlannedMachine } from "../machine.ts";
import { networkCards } from "./cards.ts";
import { slotName, wantedDisks } from "./disks.ts";
import { description } from "./neighbours.ts";
import { machineTags } from "./tags.ts";
import type { SitePlan } from "./types.ts";

/** File name of a machine's cloud-init document among a host's snippets. */
export function snippetName(site: string, machine: string): string {
  return `${site}-${machine}-user-data.yaml`;
}

/**
 * Arguments of a machine's VM, each set as Proxmox answers it so that no later preview shows a difference. `startOrder` is
 * its position in the host's start order, lower starts first; `importFrom` the volume id of its image. The pool is
 * left out: it must come from the pool's own output, so that the pool is not deleted beside the machine.
 */
export function vmArgs(
  site: SitePlan,
  machine: MachineSpec & Machine,
  startOrder: number,
  importFrom: Input<string>,
) {
  const { networkDevices, ipConfigs } = networkCards(site, machine);
  const disk = { iothread: true, discard: "on", ssd: true };
  return {
    name: machine.name,
    vmId: machine.vmId,
    nodeName: machine.host,
    description: description(machine.name, site),
    tags: [...machineTags(site.name, machine.generation, machine.tags)],
    onBoot: true,
    started: true,
    // The preparation installs it. Its addresses are not asked for: the image has none, and the provider would wait for
    // them at each creation and refresh.
    agent: { enabled: true, waitForIp: { disabled: true } },
    // Otherwise the provider restarts all machines of a change at once; see restartHooks in virtual-machine.ts.
    rebootAfterUpdate: false,
    stopOnDestroy: true,
    operatingSystem: { type: "l26" },
    scsiHardware: "virtio-scsi-single",
    bootOrders: ["scsi0"],
    serialDevices: [{ device: "socket" }],
    // Empty. The provider's own choice is the host's drive, which takes Sys.Console on / to hand on (qemu-server,
    // src/PVE/API2/Qemu.pm: check_storage_access), and keeps the machine from migrating (QemuMigrate.pm: scan_local_volumes).
    cdrom: { fileId: "none" },
    cpu: { type: machine.cpuType, cores: machine.cores },
    memory: { dedicated: memoryMiB(machine) },
    startup: { order: startOrder, upDelay: 10, downDelay: site.downDelay },
    networkDevices,
    disks: wantedDisks(machine).map(({ name, slot, sizeGiB, datastore }) => ({
      interface: slotName(slot),
      datastoreId: datastore,
      size: sizeGiB,
      // Backups of Proxmox take the root disk alone: storage that keeps copies of its own is backed up from the inside.
      ...(slot === 0 ? { importFrom } : { serial: name, backup: false }),
      ...disk,
    })),
    initialization: {
      datastoreId: machine.datastores.disks,
      interface: "ide2",
      ipConfigs,
      dns: { domain: site.domain, servers: [...site.dns] },
      // A plain string: the document's own id as an output would replace the machine when the document is replaced.
      userDataFileId: `${machine.datastores.snippets}:snippets/${snippetName(site.name, machine.name)}`,
    },
    ...(machine.uefi
      ? {
          bios: "ovmf",
          // Without keys of Microsoft's there is no Secure Boot, which drivers that are built on the machine cannot pass.
          efiDisk: { datastoreId: machine.datastores.disks, type: "4m", preEnrolledKeys: false },
        }
      : {}),
    ...(machine.pci.length > 0
      ? {
          machine: "q35",
          hostpcis: machine.pci.map((mapping, i) => ({
            device: `hostpci${i}`,
            mapping,
            pcie: true,
          })),
        }
      : {}),
    ...(machine.usb.length > 0 ? { usbs: machine.usb.map((mapping) => ({ mapping })) } : {}),
  } satisfies VmLegacyArgs;
}

/**
 * Properties of a machine's VM that previews must leave alone: the provider fills in a speed for each disk and never
 * reads it back (pulumi-proxmoxve issue 664), HA moves machines by itself, and a machine that stands where the config
 * says must not be built anew because the state still has it elsewhere: somebody has migrated it by hand. Its image is
 * what it was built from: another one would only make the provider write all disks anew, and detach others. Notes and
 * tags, which change with the site, and a CD drive from before it was empty wait for a host that is down.
 */
export function vmIgnoreChanges(
  machine: Pick<PlannedMachine, "extraDisks" | "ha" | "stands" | "offline" | "leaveDisks">,
): string[] {
  const disks = 1 + machine.extraDisks.length;
  return [
    ...Array.from({ length: disks }, (_, i) => `disks[${i}].speed`),
    ...(machine.stands ? ["disks[0].importFrom"] : []),
    ...(machine.leaveDisks ? ["disks"] : []),
    ...(machine.ha !== undefined || machine.stands ? ["nodeName"] : []),
    ...(machine.offline ? ["description", "tags", "cdrom"] : []),
  ];
}
