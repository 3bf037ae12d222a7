import type { HostInventory } from "../../world/inventory.ts";
import { failure, parameterError, reasonOf } from "./api-error.ts";
import { nodeNameProblem } from "./formats.ts";
import { parseProperties } from "./property-string.ts";
import { hostNamed, type Site } from "./site.ts";
import type { Settings, StoredVm } from "./store.ts";

/** What a mapping is of. */
export type DeviceKind = "pci" | "usb";

/** An entry of a mapping: the device on one node. */
type Entry = ReadonlyMap<string, string>;

const deviceId = /^[0-9A-Fa-f]{4}:[0-9A-Fa-f]{4}$/;
const pciPath = "[a-f0-9]{4,}:[a-f0-9]{2}:[a-f0-9]{2}(?:\\.[a-f0-9])?";

/** Properties of an entry: whether it must be there, and its form. */
type EntryForm = Readonly<Record<string, { readonly needed: boolean; readonly form: RegExp }>>;

/** https://git.proxmox.com/?p=pve-guest-common.git;f=src/PVE/Mapping/PCI.pm and USB.pm, `$map_fmt`. */
const forms: Readonly<Record<DeviceKind, EntryForm>> = {
  pci: {
    node: { needed: true, form: /./ },
    id: { needed: true, form: deviceId },
    path: { needed: true, form: new RegExp(`^(?:${pciPath};)*${pciPath}$`) },
    "subsystem-id": { needed: false, form: deviceId },
    iommugroup: { needed: false, form: /^-?\d+$/ },
    description: { needed: false, form: /^.{0,4096}$/s },
  },
  usb: {
    node: { needed: true, form: /./ },
    id: { needed: true, form: deviceId },
    path: { needed: false, form: /^\d+-\d+(\.\d+)*$/ },
    description: { needed: false, form: /^.{0,4096}$/s },
  },
};

/**
 * Checks an entry as the API does when it is written: its form alone. Whether the node has such a device shows when a
 * machine starts.
 * @throws 400.
 */
export function checkEntryForm(kind: DeviceKind, text: string): void {
  const form = forms[kind];
  const entry = parseProperties(text);
  const problems = [
    ...Object.entries(form).flatMap(([name, { needed, form: pattern }]) => {
      const value = entry.get(name);
      if (value === undefined)
        return needed ? [`${name}: property is missing and it is not optional`] : [];
      return pattern.test(value) ? [] : [`${name}: value does not match the regex pattern`];
    }),
    ...[...entry.keys()]
      .filter((name) => !Object.hasOwn(form, name))
      .map((name) => `${name}: property is not defined in schema`),
  ];
  const node = nodeNameProblem(entry.get("node") ?? "x");
  if (node !== undefined) problems.push(`node: invalid format - ${node}`);
  if (problems.length > 0)
    throw parameterError({ map: `invalid format - format error ${problems.join(" ")}` });
}

/** Devices that a VM names in its config, each with the mapping and its kind. */
function mappedDevices(vm: StoredVm): { name: string; kind: DeviceKind; id: string }[] {
  return Object.entries(vm.config).flatMap(([name, value]) => {
    const kind = /^hostpci\d+$/.test(name) ? "pci" : /^usb\d+$/.test(name) ? "usb" : undefined;
    const id = kind && parseProperties(value, "host").get("mapping");
    return kind === undefined || id === undefined ? [] : [{ name, kind, id }];
  });
}

/**
 * Gives a VM its mapped devices, as a start does: the mapping has an entry for the node, the entry says of the device
 * what the node's kernel says, and nobody else has the device.
 * @throws 500 with Proxmox's words.
 */
export function takeDevices(site: Site, vm: StoredVm): void {
  const taken = new Set(
    Object.values(site.store.state.vms)
      .filter((other) => other !== vm && other.node === vm.node)
      .filter((other) => site.hypervisor.running(other.vmid))
      .flatMap((other) => devicePaths(site, other)),
  );
  for (const { name, kind, id } of mappedDevices(vm)) {
    if (kind === "usb") {
      usbDevice(site, vm.node, id);
      continue;
    }
    const devices = pciDevices(site, vm.node, id);
    checkMachineType(vm, name);
    const free = devices.find((path) => !taken.has(path));
    if (free === undefined) throw failure(`could not find a free device for '${name}'`);
    taken.add(free);
  }
}

/**
 * Why a VM cannot go to another node with its mapped devices: that one has none of a mapping, or the VM runs, and its state
 * with them. Mappings say here of no device that it migrates live (qemu-server, src/PVE/QemuMigrate.pm: prepare).
 */
export function devicesStay(site: Site, vm: StoredVm, target: string): string | undefined {
  const devices = mappedDevices(vm);
  const { pciMappings, usbMappings } = site.store.state;
  const missing = devices.filter(({ kind, id }) => {
    const mapping = kind === "pci" ? pciMappings[id] : usbMappings[id];
    return entriesOn(mapping, target).length === 0;
  });
  if (missing.length > 0) {
    const names = missing.map(({ name }) => name).sort();
    return `can't migrate to '${target}': missing mapped devices ${names.join(", ")}`;
  }
  if (devices.length === 0 || !site.hypervisor.running(vm.vmid)) return undefined;
  const live = devices.map(({ name, id }) => `${name}:${id}`).sort();
  return `can't live migrate running VM which uses following mapped devices: ${live.join(", ")}`;
}

/** @throws 500 for a PCI Express device on a machine without such a bus. */
function checkMachineType(vm: StoredVm, name: string): void {
  const pcie = parseProperties(vm.config[name] ?? "", "host").get("pcie") === "1";
  if (pcie && !/q35/.test(vm.config.machine ?? ""))
    throw failure("q35 machine model is not enabled");
}

/** The PCI devices that a running VM holds: of each mapping the first that was free. */
function devicePaths(site: Site, vm: StoredVm): string[] {
  const paths: string[] = [];
  for (const { kind, id } of mappedDevices(vm)) {
    if (kind !== "pci") continue;
    const free = pciDevices(site, vm.node, id).find((path) => !paths.includes(path));
    if (free !== undefined) paths.push(free);
  }
  return paths;
}

function entriesOn(settings: Settings | undefined, node: string): Entry[] {
  return [settings?.map ?? []]
    .flat()
    .map((text) => parseProperties(text))
    .filter((entry) => entry.get("node") === node);
}

/** Paths of a mapping's devices on a node, any of which will do. */
function pciDevices(site: Site, node: string, id: string): string[] {
  const mapping = site.store.state.pciMappings[id];
  const entries = entriesOn(mapping, node);
  if (entries.length === 0) throw failure(`PCI device mapping not found for '${id}'`);
  return entries.map((entry) => {
    try {
      assertPci(hostNamed(site, node), id, entry, mapping?.mdev === "1");
    } catch (error) {
      const reason = reasonOf(error);
      throw failure(`PCI device mapping invalid (hardware probably changed): ${reason}`);
    }
    return entry.get("path") ?? "";
  });
}

/** `assert_valid` of PVE::Mapping::PCI: what the kernel says must stand in the entry, and the same. */
function assertPci(host: HostInventory, id: string, entry: Entry, mdev: boolean): void {
  for (const [index, written] of (entry.get("path") ?? "").split(";").entries()) {
    const path = /\.[a-f0-9]$/i.test(written) ? written : `${written}.0`;
    const device = host.pciDevices.find((candidate) => candidate.path === path);
    if (device === undefined) throw new Error(`pci device '${path}' not found`);
    const expected = {
      id: device.id,
      iommugroup: String(device.iommuGroup),
      mdev: device.mediated === true ? "1" : "0",
      "subsystem-id": device.subsystemId,
    };
    const configured = new Map(entry).set("mdev", mdev ? "1" : "0");
    for (const [name, value] of Object.entries(expected)) {
      if (name === "iommugroup" && index > 0) continue;
      const given = configured.get(name);
      if (given === undefined)
        throw new Error(`missing expected property '${name}' for device '${path}'`);
      if (given !== value)
        throw new Error(`'${name}' does not match for '${id}' (${value} != ${given})`);
    }
  }
}

/** `parse_usb_device` of PVE::QemuServer::USB with `assert_valid` of PVE::Mapping::USB. */
function usbDevice(site: Site, node: string, id: string): void {
  const [entry, ...more] = entriesOn(site.store.state.usbMappings[id], node);
  if (entry === undefined) throw failure(`USB device mapping not found for '${id}'`);
  if (more.length > 0) throw failure("More than one USB mapping per host not supported");
  const { usbDevices } = hostNamed(site, node);
  const [path, wanted = ""] = [entry.get("path"), entry.get("id")];
  const device = usbDevices.find((one) =>
    path === undefined ? one.id === wanted : one.path === path,
  );
  const changed = (reason: string): Error =>
    failure(`USB Mapping invalid (hardware probably changed): ${reason}`);
  if (device === undefined) throw changed(`usb device '${path ?? wanted}' not found`);
  if (device.id !== wanted)
    throw changed(`'id' does not match for '${id}' (${device.id} != ${wanted})`);
}
