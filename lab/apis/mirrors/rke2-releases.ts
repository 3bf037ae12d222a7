import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { lazyArchive, type Archive } from "./archive.ts";
import type { OffersOf } from "./offer.ts";
import type { TarEntry } from "./tar.ts";

/** What the release is built from. */
export interface Rke2ReleaseOptions {
  /** The releases that exist, for example `v1.36.3+rke2r1`. */
  readonly versions: readonly string[];
  /** The stand-in's binary. */
  readonly binary: string;
  /** Units, scripts and settings that lie beside the binary. */
  readonly files: string;
  /** Where the archives are kept; each is built once for each content. */
  readonly cacheDir: string;
}

const archiveName = "rke2.linux-amd64.tar.gz";

/** What the stand-in finds its release's name behind; see ownRelease in cluster/rke2. */
const releaseMark = "\nhomelab-rke2-release=";

/** github.com as far as the releases of rancher/rke2 go: each one's archive and its list of checksums. */
export function rke2Offers(options: Rke2ReleaseOptions): OffersOf {
  const archives = new Map<string, () => Promise<Archive>>(
    options.versions.map((version) => [
      version,
      lazyArchive("rke2", () => archiveEntries(options, version), options.cacheDir),
    ]),
  );
  return async (path) => {
    const [, version = "", name] =
      /^\/rancher\/rke2\/releases\/download\/([^/]+)\/([^/]+)$/.exec(path) ?? [];
    const archive = archives.get(version);
    if (archive === undefined || (name !== archiveName && name !== "sha256sum-amd64.txt"))
      return undefined;
    const { file, sha256 } = await archive();
    if (name === archiveName) return { file, type: "application/octet-stream" };
    return { body: Buffer.from(`${sha256}  ${archiveName}\n`), type: "text/plain" };
  };
}

function archiveEntries({ binary, files }: Rke2ReleaseOptions, version: string): TarEntry[] {
  const beside = readdirSync(files, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const full = join(entry.parentPath, entry.name);
      const path = relative(files, full);
      return { path, body: readFileSync(full), executable: path.startsWith("bin/") };
    });
  const program = Buffer.concat([readFileSync(binary), Buffer.from(`${releaseMark}${version}`)]);
  const all = [{ path: "bin/rke2", body: program, executable: true }, ...beside];
  return all.sort((a, b) => (a.path < b.path ? -1 : 1));
}
