import { failure, parameterError } from "./api-error.ts";

/** A storage of the cluster. */
export interface StorageType {
  readonly storage: string;
  readonly type: "dir" | "lvmthin" | "nfs";
  readonly content: readonly string[];
  readonly settings: Readonly<Record<string, string>>;
  readonly totalBytes: number;
  /** Whether all nodes see the same content. Types such as NFS always are (pve-storage, Plugin.pm: @SHARED_STORAGE). */
  readonly shared: boolean;
  /** Nodes that have it; every node when left out. */
  readonly nodes?: readonly string[];
}

const gib = 1024 ** 3;

/**
 * The storages of a fresh installation, with imports and snippets allowed on `local`; a network storage that all nodes
 * share; and a second drive in some of the nodes.
 */
export const storageTypes: readonly StorageType[] = [
  {
    storage: "local",
    type: "dir",
    content: ["import", "iso", "snippets", "vztmpl"],
    settings: { path: "/var/lib/vz" },
    totalBytes: 96 * gib,
    shared: false,
  },
  {
    storage: "local-lvm",
    type: "lvmthin",
    content: ["images", "rootdir"],
    settings: { thinpool: "data", vgname: "pve" },
    totalBytes: 1800 * gib,
    shared: false,
  },
  {
    storage: "nas",
    type: "nfs",
    content: ["images", "import", "iso", "snippets"],
    settings: { path: "/mnt/pve/nas", server: "nas.home.arpa", export: "/srv/proxmox" },
    totalBytes: 8000 * gib,
    shared: true,
  },
  {
    storage: "nvme",
    type: "lvmthin",
    content: ["images"],
    settings: { thinpool: "data", vgname: "nvme" },
    totalBytes: 900 * gib,
    shared: false,
    nodes: ["stone", "tank", "hut"],
  },
];

/** Whether a storage keeps files in a folder, disks too. */
export function keepsFiles({ type }: StorageType): boolean {
  return type !== "lvmthin";
}

/** @throws 500 as a host that does not know the storage. */
export function storageNamed(name: string): StorageType {
  const storage = storageTypes.find((candidate) => candidate.storage === name);
  if (storage === undefined) throw failure(`storage '${name}' does not exist`);
  return storage;
}

/** A storage as one node has it. @throws 500 when it does not (pve-storage, Storage.pm: storage_check_node). */
export function storageOn(node: string, name: string): StorageType {
  const storage = storageNamed(name);
  if (storage.nodes?.includes(node) === false)
    throw failure(`storage '${name}' is not available on node '${node}'`);
  return storage;
}

/** @throws 500 when disks cannot lie there. */
export function diskStorage(node: string, name: string): StorageType {
  const storage = storageOn(node, name);
  if (!storage.content.includes("images"))
    throw failure(`storage '${name}' does not support content-type 'images'`);
  return storage;
}

/** @throws 400 when the storage does not take that content. */
export function checkContent(storage: StorageType, content: string): void {
  if (!storage.content.includes(content))
    throw parameterError({
      content: `storage '${storage.storage}' is not configured for content-type '${content}'`,
    });
}
