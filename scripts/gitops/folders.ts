/** Folders of Kustomize trees: what is written, what stands there, and what differs. */
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { treeMark, type Tree } from "../../components/argocd/gitops/tree.ts";

/** A file that is not as it should be, by its path below the folder of all trees. */
export interface Change {
  readonly path: string;
  readonly kind: "add" | "change" | "remove";
}

/** Trees by the names of their folders. */
export type Trees = Readonly<Record<string, Tree>>;

/**
 * Reads the trees below a folder: of each folder the files in it, and not what is deeper, such as charts that a build has
 * fetched. Folders without the mark of a tree are somebody's own and are left out, but named in `foreign`.
 */
export async function readTrees(
  root: string,
): Promise<{ readonly trees: Trees; readonly foreign: readonly string[] }> {
  const folders = await Promise.all(
    (await entries(root))
      .filter((entry) => entry.isDirectory())
      .map(async ({ name }) => [name, await readFolder(join(root, name))] as const),
  );
  const isOurs = (tree: Tree) => tree["kustomization.yaml"]?.startsWith(treeMark) === true;
  return {
    trees: Object.fromEntries(folders.filter(([, tree]) => isOurs(tree))),
    foreign: folders.filter(([, tree]) => !isOurs(tree)).map(([name]) => name),
  };
}

/** What has to be done to `found` to make `wanted` of it, in the order of paths. */
export function changes(wanted: Trees, found: Trees): readonly Change[] {
  const [to, from] = [flat(wanted), flat(found)];
  return [...new Set([...to.keys(), ...from.keys()])].sort().flatMap((path): readonly Change[] => {
    const [after, before] = [to.get(path), from.get(path)];
    if (after === before) return [];
    const kind = before === undefined ? "add" : after === undefined ? "remove" : "change";
    return [{ path, kind }];
  });
}

/** Makes the changes; a folder of which nothing is wanted goes whole. */
export async function write(root: string, wanted: Trees, list: readonly Change[]): Promise<void> {
  const files = flat(wanted);
  for (const { path } of list) {
    const [folder = ""] = path.split("/");
    const text = files.get(path);
    if (wanted[folder] === undefined) await rm(join(root, folder), { recursive: true, force: true });
    else if (text === undefined) await rm(join(root, path));
    else {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
    }
  }
}

function flat(trees: Trees): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(trees).flatMap(([folder, tree]) =>
      Object.entries(tree).map(([file, text]) => [`${folder}/${file}`, text] as const),
    ),
  );
}

async function readFolder(folder: string): Promise<Tree> {
  const files = (await entries(folder)).filter((entry) => entry.isFile());
  return Object.fromEntries(
    await Promise.all(
      files.map(async ({ name }) => [name, await readFile(join(folder, name), "utf8")] as const),
    ),
  );
}

async function entries(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
