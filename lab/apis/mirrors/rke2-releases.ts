import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { lazyArchive } from "./archive.ts";
import type { OffersOf } from "./offer.ts";
import type { TarEntry } from "./tar.ts";

/** What the release is built from. */
export interface Rke2ReleaseOptions {
  /** The only version that exists, for example `v1.35.4+rke2r1`. */
  readonly version: string;
  /** The stand-in's binary. */
  readonly binary: string;
  /** Units, scripts and settings that lie beside the binary. */
  readonly files: string;
  /** Where the archive is kept; it is built once for each content. */
  readonly cacheDir: string;
}

const archiveName = "rke2.linux-amd64.tar.gz";

/** github.com as far as the releases of rancher/rke2 go: the archive and its list of checksums. */
export function rke2Offers(options: Rke2ReleaseOptions): OffersOf {
  const archive = lazyArchive("rke2", () => archiveEntries(options), options.cacheDir);
  const base = `/rancher/rke2/releases/download/${options.version}/`;
  return async (path) => {
    if (path !== `${base}${archiveName}` && path !== `${base}sha256sum-amd64.txt`) return undefined;
    const { file, sha256 } = await archive();
    if (path.endsWith(archiveName)) return { file, type: "application/octet-stream" };
    return { body: Buffer.from(`${sha256}  ${archiveName}\n`), type: "text/plain" };
  };
}

function archiveEntries({ binary, files }: Rke2ReleaseOptions): TarEntry[] {
  const beside = readdirSync(files, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const full = join(entry.parentPath, entry.name);
      const path = relative(files, full);
      return { path, body: readFileSync(full), executable: path.startsWith("bin/") };
    });
  const all = [{ path: "bin/rke2", body: readFileSync(binary), executable: true }, ...beside];
  return all.sort((a, b) => (a.path < b.path ? -1 : 1));
}
