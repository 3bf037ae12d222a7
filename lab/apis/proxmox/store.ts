import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** A virtual machine as the cluster remembers it. */
export interface StoredVm {
  readonly vmid: number;
  /** Node that it runs on. */
  node: string;
  /** Config keys and values as in `/etc/pve/qemu-server/ID.conf`. */
  config: Record<string, string>;
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
}

const empty = (): SiteState => ({
  vms: {},
  volumes: [],
  pools: {},
  haResources: {},
  haRules: {},
  pciMappings: {},
});

/** The cluster's memory: one JSON file, replaced as a whole so that a kill never leaves half of it. */
export class Store {
  readonly state: SiteState;
  readonly #file: string;

  /** Throws when the file exists and is not JSON. */
  constructor(file: string) {
    this.#file = file;
    mkdirSync(dirname(file), { recursive: true });
    this.state = existsSync(file)
      ? { ...empty(), ...(JSON.parse(readFileSync(file, "utf8")) as Partial<SiteState>) }
      : empty();
    this.#dropInterruptedWork();
  }

  /** Applies a change and writes it down before it returns. */
  change<T>(apply: (state: SiteState) => T): T {
    const result = apply(this.state);
    const draft = `${this.#file}.new`;
    writeFileSync(draft, JSON.stringify(this.state, null, 1));
    renameSync(draft, this.#file);
    return result;
  }

  /** Work that the lab's own end cut off: an unfinished VM goes, a lock has no owner any more. */
  #dropInterruptedWork(): void {
    for (const [id, vm] of Object.entries(this.state.vms)) {
      if (vm.lock === "create" || (vm.lock === "clone" && vm.config.name === undefined)) {
        delete this.state.vms[id];
        this.state.volumes = this.state.volumes.filter((volume) => volume.vmid !== vm.vmid);
      } else {
        delete vm.lock;
      }
    }
  }
}
