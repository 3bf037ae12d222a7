import { failure } from "./api-error.ts";
import { virtualSize } from "./disk-image.ts";
import { parseProperties, printProperties, printSize } from "./property-string.ts";
import type { Site } from "./site.ts";
import type { StoredVm, StoredVolume } from "./store.ts";
import type { DiskRequest } from "./vm-disk-request.ts";
import { diskKey } from "./vm-options.ts";
import {
  createVolume,
  findVolume,
  removeVolume,
  volumeId,
  volumeInUse,
  volumeName,
  volumesOfVm,
} from "./volumes.ts";

const gib = 1024 ** 3;
const mib = 1024 ** 2;

/** Size of an EFI variable store, a TPM state and a cloud-init drive. */
const smallBytes = 4 * mib;

/** Makes or finds what the field asks for; the result is the value to store. */
export async function realiseDisk(
  site: Site,
  vm: StoredVm,
  name: string,
  request: DiskRequest,
): Promise<string> {
  if (request.kind === "cdrom") return cdrom(site, vm, request.file);
  if (request.kind === "cloudinit") return cloudInitDrive(site, vm, request.storage);
  if (request.kind === "existing") {
    const volume = findVolume(site, vm.node, request.volid);
    if (volume?.vmid !== vm.vmid) throw failure(`volume '${request.volid}' does not exist`);
    return diskValue(volume, request.options);
  }
  const { storage, importFrom, options } = request;
  const base = { node: vm.node, storage, vmid: vm.vmid };
  if (name === "efidisk0" || name === "tpmstate0")
    return diskValue(createVolume(site, { ...base, bytes: smallBytes }), options);
  if (importFrom === undefined)
    return diskValue(
      createVolume(site, { ...base, bytes: Math.round(request.gib * gib) }),
      options,
    );
  const bytes = await imageSize(site, vm.node, importFrom);
  return diskValue(createVolume(site, { ...base, bytes, image: importFrom }), options);
}

function cdrom(site: Site, vm: StoredVm, file: string): string {
  if (file !== "none" && file !== "cdrom" && site.files.find(vm.node, file) === undefined)
    throw failure(`volume '${file}' does not exist`);
  return `${file},media=cdrom`;
}

function cloudInitDrive(site: Site, vm: StoredVm, storage: string): string {
  const name = volumeName(storage, vm.vmid, `vm-${vm.vmid}-cloudinit`, "qcow2");
  const base = { node: vm.node, storage, vmid: vm.vmid };
  const volume =
    findVolume(site, vm.node, `${storage}:${name}`) ??
    createVolume(site, { ...base, name, bytes: smallBytes });
  return diskValue(volume, new Map([["media", "cdrom"]]));
}

async function imageSize(site: Site, node: string, volid: string): Promise<number> {
  const file = site.files.find(node, volid);
  if (file === undefined) throw failure(`volume '${volid}' does not exist`);
  if (file.content !== "import")
    throw failure(`cannot import from '${volid}': the lab imports content of type 'import' only`);
  return virtualSize(file.name, await site.files.read(node, volid));
}

function diskValue(volume: StoredVolume, options: ReadonlyMap<string, string>): string {
  const value = new Map(options).set("file", volumeId(volume)).set("size", printSize(volume.bytes));
  return printProperties(value, "file");
}

/** The volume that a stored disk value names; undefined for an empty drive or an ISO file. */
export function volumeOfDisk(site: Site, vm: StoredVm, name: string): StoredVolume | undefined {
  const value = vm.config[name];
  if (value === undefined) return undefined;
  return findVolume(site, vm.node, parseProperties(value, "file").get("file") ?? "");
}

/** Names of the disks that hold data: no drives, no EFI or TPM state. */
export function dataDisks(vm: StoredVm): string[] {
  return Object.entries(vm.config)
    .filter(([name, value]) => diskKey.test(name) && !value.includes("media=cdrom"))
    .map(([name]) => name)
    .filter((name) => name !== "efidisk0" && name !== "tpmstate0");
}

/**
 * Grows a disk to `size`: bytes, `64G`, or `+10G`.
 * @throws 500 when the disk is missing or would shrink.
 */
export function resizeDisk(site: Site, vm: StoredVm, name: string, bytes: number): void {
  const volume = volumeOfDisk(site, vm, name);
  const value = vm.config[name];
  if (volume === undefined || value === undefined) throw failure(`disk '${name}' does not exist`);
  if (bytes < volume.bytes) throw failure("shrinking disks is not supported");
  const properties = parseProperties(value, "file").set("size", printSize(bytes));
  site.store.change(() => {
    volume.bytes = bytes;
    vm.config[name] = printProperties(properties, "file");
  });
}

/**
 * Moves a disk's content to another storage. The old volume goes with `remove`, else it becomes unused (qemu-server,
 * API2/Qemu.pm: move_disk).
 */
export function moveDisk(
  site: Site,
  vm: StoredVm,
  name: string,
  { storage, remove }: { readonly storage: string; readonly remove: boolean },
): void {
  const old = volumeOfDisk(site, vm, name);
  const value = vm.config[name];
  if (old === undefined || value === undefined) throw failure(`disk '${name}' does not exist`);
  const { bytes, image } = old;
  const made = createVolume(site, { node: vm.node, storage, vmid: vm.vmid, bytes, image });
  const properties = parseProperties(value, "file").set("file", volumeId(made));
  site.store.change(() => (vm.config[name] = printProperties(properties, "file")));
  if (remove) removeVolume(site, old);
  else noteUnusedVolumes(site, vm);
}

/** Volumes that no key names any more become `unusedN`; a cloud-init drive is freed at once. */
export function noteUnusedVolumes(site: Site, vm: StoredVm): void {
  for (const volume of volumesOfVm(site, vm.vmid)) {
    if (volumeInUse(site, volume)) continue;
    if (isCloudInitDrive(volume)) removeVolume(site, volume);
    else
      site.store.change(() => {
        let index = 0;
        while (vm.config[`unused${index}`] !== undefined) index += 1;
        vm.config[`unused${index}`] = volumeId(volume);
      });
  }
}

/** A drive that Proxmox writes anew at each start. */
export function isCloudInitDrive(volume: StoredVolume): boolean {
  return /-cloudinit(\.\w+)?$/.test(volume.name);
}

/** Drops `unusedN` entries whose volume is attached again. */
export function forgetReused(vm: StoredVm): void {
  const attached = Object.entries(vm.config)
    .filter(([name]) => diskKey.test(name))
    .map(([, value]) => parseProperties(value, "file").get("file"));
  for (const [name, value] of Object.entries(vm.config))
    if (name.startsWith("unused") && attached.includes(value)) delete vm.config[name];
}
