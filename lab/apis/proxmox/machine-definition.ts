import type { MachineDefinition } from "../../machines/machine.ts";
import { failure } from "./api-error.ts";
import { cloudInitDrive } from "./cloud-init.ts";
import { takeDevices } from "./devices.ts";
import { parseProperties } from "./property-string.ts";
import { hostNamed, type Site } from "./site.ts";
import type { StoredVm } from "./store.ts";
import { dataDisks, volumeOfDisk } from "./vm-disks.ts";
import { parseNetwork } from "./vm-network.ts";

/** The bridge that every host has; in the lab it is the site's own. */
const hostBridge = "vmbr0";

/**
 * What the hypervisor needs to know to start a VM.
 * @throws 500 naming what a machine of the lab lacks or does not support.
 */
export async function machineDefinition(site: Site, vm: StoredVm): Promise<MachineDefinition> {
  takeDevices(site, vm);
  const root = rootDisk(site, vm);
  const disks = dataDisks(vm)
    .filter((name) => name !== root)
    .map((name) => ({ interface: name, bytes: volumeOfDisk(site, vm, name)?.bytes ?? 0 }));
  return {
    vmid: vm.vmid,
    name: vm.config.name ?? `VM${vm.vmid}`,
    host: vm.node,
    memoryMiB: memoryMiB(vm),
    cores: cores(vm),
    nic: networkCard(site, vm),
    cloudInit: await cloudInitDrive(site, vm),
    diskBytes: volumeOfDisk(site, vm, root)?.bytes ?? 0,
    disks,
  };
}

/** Memory in MiB; 512 when the config names none, as Proxmox's default. */
export function memoryMiB(vm: StoredVm): number {
  return Number(vm.config.memory ?? 512);
}

/** Cores of all sockets. */
export function cores(vm: StoredVm): number {
  return Number(vm.config.cores ?? 1) * Number(vm.config.sockets ?? 1);
}

/** The disk that the VM boots from. */
function rootDisk(site: Site, vm: StoredVm): string {
  const order =
    parseProperties(vm.config.boot ?? "")
      .get("order")
      ?.split(";") ?? [];
  const data = dataDisks(vm);
  const root = order.find((name) => data.includes(name)) ?? data[0];
  if (root === undefined) throw failure(`VM ${vm.vmid} has no disk to boot from`);
  if (volumeOfDisk(site, vm, root)?.image === undefined)
    throw failure(
      `VM ${vm.vmid} cannot boot: disk ${root} holds no operating system; import a cloud image with import-from`,
    );
  return root;
}

function networkCard(site: Site, vm: StoredVm): MachineDefinition["nic"] {
  const names = Object.keys(vm.config).filter((name) => /^net\d+$/.test(name));
  const value = vm.config.net0;
  if (value === undefined) throw failure(`VM ${vm.vmid} has no network card net0`);
  if (names.length > 1)
    throw failure(`VM ${vm.vmid} has ${names.join(", ")}: the lab's machines have one card, net0`);
  const card = parseNetwork(value);
  if (card.bridge !== hostBridge) throw failure(`bridge '${card.bridge ?? ""}' does not exist`);
  if (card.tag !== undefined)
    throw failure(`VM ${vm.vmid}: net0 has VLAN tag ${card.tag}: the lab has no VLANs`);
  return { mac: card.mac, bridge: site.inventory.bridge };
}

/** @throws 500 when the host's memory does not hold the VM beside those that run there. */
export function checkMemory(site: Site, vm: StoredVm): void {
  const host = hostNamed(site, vm.node);
  const used = Object.values(site.store.state.vms)
    .filter((other) => other.node === vm.node && site.hypervisor.running(other.vmid))
    .reduce((sum, other) => sum + memoryMiB(other), 0);
  const needed = memoryMiB(vm);
  if (used + needed > host.memoryMiB)
    throw failure(
      `start failed: cannot allocate memory: ${needed} MiB wanted, ${host.memoryMiB - used} of ${host.memoryMiB} MiB free on ${host.name}`,
    );
}
