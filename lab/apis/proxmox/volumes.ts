import { diskStorage } from "./storage-types.ts";
import type { Site } from "./site.ts";
import type { StoredVolume } from "./store.ts";

/** `local-lvm:vm-120-disk-0`. */
export function volumeId(volume: StoredVolume): string {
  return `${volume.storage}:${volume.name}`;
}

export function volumesOn(site: Site, node: string, storage: string): StoredVolume[] {
  return site.store.state.volumes.filter(
    (volume) => volume.node === node && volume.storage === storage,
  );
}

export function volumesOfVm(site: Site, vmid: number): StoredVolume[] {
  return site.store.state.volumes.filter((volume) => volume.vmid === vmid);
}

export function findVolume(site: Site, node: string, volid: string): StoredVolume | undefined {
  return site.store.state.volumes.find(
    (volume) => volume.node === node && volumeId(volume) === volid,
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
  diskStorage(wanted.storage);
  const volume = { ...wanted, name: name ?? freeName(site, wanted) };
  site.store.change((state) => state.volumes.push(volume));
  return volume;
}

function freeName(site: Site, { node, storage, vmid }: NewVolume): string {
  const taken = new Set(volumesOn(site, node, storage).map((volume) => volume.name));
  let index = 0;
  while (taken.has(`vm-${vmid}-disk-${index}`) || taken.has(`base-${vmid}-disk-${index}`))
    index += 1;
  return `vm-${vmid}-disk-${index}`;
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
