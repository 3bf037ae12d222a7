import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { failure, parameterError } from "./api-error.ts";
import { keepsFiles, storageTypes, type StorageType } from "./storage-types.ts";

/** Content types of the folder storages, each with its folder below the storage's own. */
export const contentFolders = {
  import: "import",
  iso: "template/iso",
  snippets: "snippets",
  vztmpl: "template/cache",
} as const;

export type FileContent = keyof typeof contentFolders;

/** One file of a folder storage. */
export interface LocalFile {
  /** Name of the storage. */
  readonly storage: string;
  /** `local:snippets/node.yaml`. */
  readonly volid: string;
  readonly content: FileContent;
  readonly name: string;
  readonly format: string;
  readonly size: number;
  /** Unix seconds. */
  readonly ctime: number;
}

export function isFileContent(text: string): text is FileContent {
  return Object.hasOwn(contentFolders, text);
}

/**
 * The folder storages: plain files below each node's own `/var/lib/vz`, and for a storage that all nodes share below one
 * folder. The API, the volume list and SSH look at the same folders, so that a file is where a real host has it.
 */
export class LocalFiles {
  readonly #root: string;

  /** `root` holds one folder a node, and `shared`. */
  constructor(root: string) {
    this.#root = root;
  }

  /** The folder that the node knows under the storage's path. */
  directory(node: string, storage: StorageType): string {
    return storage.shared
      ? join(this.#root, "shared", storage.storage)
      : join(this.#root, node, storage.settings["path"] ?? "");
  }

  /** Creates the folders of every content type. */
  prepare(node: string): void {
    for (const storage of folderStorages)
      for (const folder of Object.values(contentFolders))
        mkdirSync(join(this.directory(node, storage), folder), { recursive: true });
  }

  /** The files that a node sees, on one storage or on all. */
  list(node: string, only?: string): LocalFile[] {
    return folderStorages
      .filter(({ storage }) => only === undefined || only === storage)
      .flatMap((storage) =>
        (Object.keys(contentFolders) as FileContent[]).flatMap((content) => {
          const folder = join(this.directory(node, storage), contentFolders[content]);
          const names = existsSync(folder) ? readdirSync(folder) : [];
          return names.flatMap((name) => describe(storage.storage, join(folder, name), content));
        }),
      );
  }

  /** Finds a file by its volume id, with or without the storage's name. */
  find(node: string, volid: string): LocalFile | undefined {
    const full = volid.includes(":") ? volid : `local:${volid}`;
    return this.list(node).find((file) => file.volid === full);
  }

  /** @throws 500 when the node has no such file. */
  async read(node: string, volid: string): Promise<Buffer> {
    const file = this.find(node, volid);
    if (file === undefined) throw failure(`volume '${volid}' does not exist`);
    return readFile(this.#path(node, file));
  }

  /** Puts a file in place as a whole. */
  async write(
    node: string,
    file: Pick<LocalFile, "storage" | "content" | "name">,
    body: Buffer,
  ): Promise<void> {
    const path = this.#path(node, file);
    await writeFile(`${path}.tmp`, body);
    renameSync(`${path}.tmp`, path);
  }

  remove(node: string, file: LocalFile): void {
    rmSync(this.#path(node, file));
  }

  #path(node: string, file: Pick<LocalFile, "storage" | "content" | "name">): string {
    const storage = folderStorages.find((one) => one.storage === file.storage);
    if (storage === undefined) throw failure(`storage '${file.storage}' keeps no files`);
    return join(this.directory(node, storage), contentFolders[file.content], file.name);
  }
}

const folderStorages = storageTypes.filter(keepsFiles);

function describe(storage: string, path: string, content: FileContent): LocalFile[] {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isFile() !== true || path.endsWith(".tmp")) return [];
  const name = basename(path);
  return [
    {
      storage,
      volid: `${storage}:${content}/${name}`,
      content,
      name,
      format: formatOf(content, name),
      size: stats.size,
      ctime: Math.floor(stats.mtimeMs / 1000),
    },
  ];
}

function formatOf(content: FileContent, name: string): string {
  if (content === "snippets") return "snippet";
  if (content === "iso") return "iso";
  if (content === "vztmpl") return /\.tar\.(gz|xz|zst)$/.exec(name)?.[0].slice(5) ?? "raw";
  return extname(name).slice(1);
}

const endings: Record<FileContent, RegExp> = {
  import: /\.(qcow2|raw|vmdk|ova)$/i,
  iso: /\.(iso|img)$/i,
  snippets: /./,
  vztmpl: /\.tar\.(gz|xz|zst)$/i,
};

/** @throws 400 for a name with a path in it, or with an ending that the content type does not have. */
export function checkFileName(content: FileContent, name: string): void {
  if (!/^[A-Za-z0-9][\w.+-]*$/.test(name))
    throw parameterError({
      filename: `wrong file name '${name}': letters, digits, dot, dash only`,
    });
  if (!endings[content].test(name))
    throw parameterError({ filename: `wrong file extension for content '${content}': '${name}'` });
}
