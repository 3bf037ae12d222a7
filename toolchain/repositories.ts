/** Files of other projects' repositories: out of the Go modules that are copies of them, or packed here where no module holds them. */
import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { gunzipSync } from "node:zlib";
import { cached } from "./cache.ts";
import { moduleFolder } from "./go.ts";
import { repositories } from "./pins.ts";

/** Files at REPOSITORY/TAG/PATH.gz; `packed/NOTICE.md` says whose. */
const packed = new URL("packed", import.meta.url).pathname;

/**
 * A folder with the pinned files at REPOSITORY/TAG/PATH, as raw.githubusercontent.com has them. Go compares each module with
 * the public checksum database; what applies the files compares them with checksums of its own.
 * @see https://go.dev/ref/mod#zip-files
 */
export async function ensureRepositories(): Promise<string> {
  const own = await packedFiles();
  const known = JSON.stringify([repositories, ...own.map(({ path }) => path)]);
  const key = createHash("sha256").update(known).digest("hex").slice(0, 16);
  return cached("repositories", key, async (directory) => {
    for (const { name, tag, module, version = tag, folder } of repositories) {
      const source = await moduleFolder(`${module}@${version}`);
      const target = join(directory, name, tag, folder);
      await cp(join(source, folder), target, { recursive: true });
    }
    for (const { path, file } of own) {
      const target = join(directory, path);
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, gunzipSync(await readFile(file)));
    }
  });
}

async function packedFiles(): Promise<readonly { readonly path: string; readonly file: string }[]> {
  const entries = await readdir(packed, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(".gz"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((file) => ({ path: relative(packed, file).replace(/\.gz$/, ""), file }));
}
