import { JsonStore } from "../store.ts";

/** A virtual machine as the cluster remembers it. */
export interface StoredVm {
  readonly vmid: number;
  /** Node that it runs on. */
  node: string;
  /** Config keys and values as in `/etc/pve/qemu-server/ID.conf`. */
  config: Record<string, string>;
  /** What a machine that runs has from its next start on; null takes a setting away. */
  pending?: Record<string, string | null>;
  /** What works on it: create, clone, migrate. */
  lock?: string;
  /** It was running when last heard of; decides whether it is started with the lab. */
  running: boolean;
  /** It has run before, so its disk holds more than the image. */
  startedOnce: boolean;
  /** Unix seconds. */
  startedAt?: number;
  pool?: string;
}

/** A disk on a node's volume storage. */
export interface StoredVolume {
  readonly node: string;
  readonly storage: string;
  /** `vm-120-disk-0`, `base-120-disk-0` or `vm-120-cloudinit`. */
  readonly name: string;
  readonly vmid: number;
  bytes: number;
  /** Image that it was imported from; a disk without one is blank. */
  readonly image?: string;
}

/** Settings of one named object, as sent. */
export type Settings = Record<string, string | string[]>;

/** Everything that a site's Proxmox cluster remembers. */
export interface SiteState {
  vms: Record<string, StoredVm>;
  volumes: StoredVolume[];
  pools: Record<string, { comment?: string; storage: string[] }>;
  haResources: Record<string, Settings>;
  haRules: Record<string, Settings>;
  pciMappings: Record<string, Settings>;
  usbMappings: Record<string, Settings>;
}

/** The cluster's memory. */
export type Store = JsonStore<SiteState>;

/** Opens the memory. Work that the lab's own end cut off is dropped: an unfinished VM goes, a lock has no owner any more. */
export function openStore(file: string): Store {
  const store = new JsonStore<SiteState>(file, {
    vms: {},
    volumes: [],
    pools: {},
    haResources: {},
    haRules: {},
    pciMappings: {},
    usbMappings: {},
  });
  const { state } = store;
  for (const [id, vm] of Object.entries(state.vms)) {
    if (vm.lock === "create" || (vm.lock === "clone" && vm.config.name === undefined)) {
      delete state.vms[id];
      state.volumes = state.volumes.filter((volume) => volume.vmid !== vm.vmid);
    } else {
      delete vm.lock;
    }
  }
  return store;
}
