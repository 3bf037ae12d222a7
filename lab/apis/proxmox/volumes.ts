import { diskStorage, keepsFiles, storageNamed } from "./storage-types.ts";
import type { Site } from "./site.ts";
import type { StoredVolume } from "./store.ts";

/** `local-lvm:vm-120-disk-0`, on a folder storage `nas:120/vm-120-disk-0.raw`. */
export function volumeId(volume: StoredVolume): string {
  return `${volume.storage}:${volume.name}`;
}

export function volumesOn(site: Site, node: string, storage: string): StoredVolume[] {
  return site.store.state.volumes.filter(
    (volume) => volume.storage === storage && seesVolume(node, volume),
  );
}

/** What lies on a shared storage is there for every node. */
function seesVolume(node: string, volume: StoredVolume): boolean {
  return volume.node === node || storageNamed(volume.storage).shared;
}

export function volumesOfVm(site: Site, vmid: number): StoredVolume[] {
  return site.store.state.volumes.filter((volume) => volume.vmid === vmid);
}

export function findVolume(site: Site, node: string, volid: string): StoredVolume | undefined {
  return site.store.state.volumes.find(
    (volume) => volumeId(volume) === volid && seesVolume(node, volume),
  );
}

/** What a new disk is made of. */
export interface NewVolume {
  readonly node: string;
  readonly storage: string;
  readonly vmid: number;
  readonly bytes: number;
  readonly image?: string;
  /** Given only for the cloud-init drive; disks get the first free `vm-ID-disk-N`. */
  readonly name?: string;
}

/** @throws 500 when the storage takes no disks. */
export function createVolume(site: Site, { name, ...wanted }: NewVolume): StoredVolume {
  diskStorage(wanted.node, wanted.storage);
  const volume = { ...wanted, name: name ?? freeName(site, wanted) };
  site.store.change((state) => state.volumes.push(volume));
  return volume;
}

/** A volume's name on a storage: a folder storage keeps each VM's disks in a folder, with the format as ending. */
export function volumeName(storage: string, vmid: number, name: string, format = "raw"): string {
  return keepsFiles(storageNamed(storage)) ? `${vmid}/${name}.${format}` : name;
}

function freeName(site: Site, { node, storage, vmid }: NewVolume): string {
  const taken = new Set(volumesOn(site, node, storage).map((volume) => volume.name));
  const named = (prefix: string, index: number): string =>
    volumeName(storage, vmid, `${prefix}-${vmid}-disk-${index}`);
  let index = 0;
  while (taken.has(named("vm", index)) || taken.has(named("base", index))) index += 1;
  return named("vm", index);
}

export function removeVolume(site: Site, volume: StoredVolume): void {
  site.store.change((state) => {
    state.volumes = state.volumes.filter((other) => other !== volume);
  });
}

/** True when the config of its VM names it. */
export function volumeInUse(site: Site, volume: StoredVolume): boolean {
  const values = Object.values(site.store.state.vms[volume.vmid]?.config ?? {});
  const volid = volumeId(volume);
  return values.some((value) => value === volid || value.startsWith(`${volid},`));
}
