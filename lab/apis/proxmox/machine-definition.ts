import type { MachineDefinition } from "../../machines/machine.ts";
import { failure } from "./api-error.ts";
import { lanBridge } from "../../world/inventory.ts";
import { segmentPrefix } from "../../machines/network.ts";
import { cloudInitDrive, staticAddress } from "./cloud-init.ts";
import { takeDevices } from "./devices.ts";
import { parseProperties } from "./property-string.ts";
import { hostNamed, type Site } from "./site.ts";
import type { StoredVm } from "./store.ts";
import { dataDisks, volumeOfDisk } from "./vm-disks.ts";
import { parseNetwork } from "./vm-network.ts";

/**
 * What the hypervisor needs to know to start a VM.
 * @throws 500 naming what a machine of the lab lacks or does not support.
 */
export async function machineDefinition(site: Site, vm: StoredVm): Promise<MachineDefinition> {
  takeDevices(site, vm);
  const root = rootDisk(site, vm);
  return {
    vmid: vm.vmid,
    name: vm.config.name ?? `VM${vm.vmid}`,
    host: vm.node,
    memoryMiB: memoryMiB(vm),
    cores: cores(vm),
    nic: firstCard(site, vm),
    furtherNics: furtherCards(site, vm),
    cloudInit: await cloudInitDrive(site, vm),
    diskBytes: volumeOfDisk(site, vm, root)?.bytes ?? 0,
    disks: furtherDisks(site, vm, root),
  };
}

/** The disks beside the one that it boots from. */
export function furtherDisks(
  site: Site,
  vm: StoredVm,
  root = rootDisk(site, vm),
): MachineDefinition["disks"] {
  return dataDisks(vm)
    .filter((name) => name !== root)
    .map((name) => ({ interface: name, bytes: volumeOfDisk(site, vm, name)?.bytes ?? 0 }));
}

/** Memory in MiB; 512 when the config names none, as Proxmox's default. */
export function memoryMiB(vm: StoredVm): number {
  return Number(vm.config.memory ?? 512);
}

/** Cores of all sockets. */
export function cores(vm: StoredVm): number {
  return Number(vm.config.cores ?? 1) * Number(vm.config.sockets ?? 1);
}

/** The disk that the VM boots from. @throws 500 when there is none. */
export function rootDisk(site: Site, vm: StoredVm): string {
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

function firstCard(site: Site, vm: StoredVm): MachineDefinition["nic"] {
  const value = vm.config.net0;
  if (value === undefined) throw failure(`VM ${vm.vmid} has no network card net0`);
  return wired(site, vm, "net0", value);
}

/**
 * The cards beside net0. The machine is told of those with an address alone (`nocloud_network` in Cloudinit.pm), by which
 * they are called ethN; the others have the name of their place on the bus, as systemd gives it.
 */
function furtherCards(site: Site, vm: StoredVm): MachineDefinition["furtherNics"] {
  return Object.keys(vm.config)
    .map((name) => Number(/^net([1-9]\d*)$/.exec(name)?.[1] ?? 0))
    .filter((index) => index > 0)
    .sort((a, b) => a - b)
    .map((index) => {
      const address = staticAddress(vm, index);
      const name = address === undefined ? `ens${18 + index}` : `eth${index}`;
      return { name, address, ...wired(site, vm, `net${index}`, vm.config[`net${index}`] ?? "") };
    });
}

/**
 * Where a card leads: the LAN, or a segment that has the site's machines with the same bridge and tag and nobody else.
 * @throws 500 as at a real start (`print_netdevice_full` in QemuServer.pm)
 */
function wired(site: Site, vm: StoredVm, name: string, value: string): MachineDefinition["nic"] {
  const { mac, bridge = "", tag = "0", mtu } = parseNetwork(value);
  const { bridges } = hostNamed(site, vm.node);
  const found = bridges.find((each) => each.name === bridge);
  if (found === undefined) throw failure(`bridge '${bridge}' does not exist`);
  // 1 and nothing are the bridge's own; the lab's machines are of a machine version that takes it over.
  const size = mtu === undefined || mtu === "1" ? found.mtu : Number(mtu);
  if (size < 576)
    throw failure(`netdev ${name}: MTU '${size}' is smaller than the IP minimum MTU '576'`);
  if (size > found.mtu)
    throw failure(
      `netdev ${name}: MTU '${size}' is bigger than the bridge MTU '${found.mtu}' - adjust the MTU for the network device in the VM configuration, while ensuring that the bridge is configured as desired.`,
    );
  const { inventory } = site;
  const onLan = bridge === lanBridge && Number(tag) === (inventory.vlan ?? 0);
  const segment = `${segmentPrefix}${inventory.bridge.slice(-2)}${bridge.slice(-3)}.${tag}`;
  return { mac, bridge: onLan ? inventory.bridge : segment, mtu: size };
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
