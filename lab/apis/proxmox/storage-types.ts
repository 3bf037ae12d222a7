import { failure, parameterError } from "./api-error.ts";

/** A storage that every node of the cluster has. */
export interface StorageType {
  readonly storage: string;
  readonly type: "dir" | "lvmthin";
  readonly content: readonly string[];
  readonly settings: Readonly<Record<string, string>>;
  readonly totalBytes: number;
}

const gib = 1024 ** 3;

/** The storages of a fresh installation, with imports and snippets allowed on `local`. */
export const storageTypes: readonly StorageType[] = [
  {
    storage: "local",
    type: "dir",
    content: ["import", "iso", "snippets", "vztmpl"],
    settings: { path: "/var/lib/vz" },
    totalBytes: 96 * gib,
  },
  {
    storage: "local-lvm",
    type: "lvmthin",
    content: ["images", "rootdir"],
    settings: { thinpool: "data", vgname: "pve" },
    totalBytes: 1800 * gib,
  },
];

/** @throws 500 as a host that does not know the storage. */
export function storageNamed(name: string): StorageType {
  const storage = storageTypes.find((candidate) => candidate.storage === name);
  if (storage === undefined) throw failure(`storage '${name}' does not exist`);
  return storage;
}

/** @throws 500 when disks cannot lie there. */
export function diskStorage(name: string): StorageType {
  const storage = storageNamed(name);
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
