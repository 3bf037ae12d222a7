import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { OffersOf } from "./offer.ts";
import { writeTar, type TarEntry } from "./tar.ts";

const compress = promisify(gzip);

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
  let built: Promise<{ file: string; sha256: string }> | undefined;
  const base = `/rancher/rke2/releases/download/${options.version}/`;
  return async (path) => {
    if (path !== `${base}${archiveName}` && path !== `${base}sha256sum-amd64.txt`) return undefined;
    const current = (built ??= buildArchive(options));
    current.catch(() => (built = undefined));
    const { file, sha256 } = await current;
    if (path.endsWith(archiveName)) return { file, type: "application/octet-stream" };
    return { body: Buffer.from(`${sha256}  ${archiveName}\n`), type: "text/plain" };
  };
}

async function buildArchive(
  options: Rke2ReleaseOptions,
): Promise<{ file: string; sha256: string }> {
  const entries = archiveEntries(options);
  const tar = writeTar(entries);
  const content = createHash("sha256").update(tar).digest("hex").slice(0, 16);
  const file = join(options.cacheDir, `rke2-${content}.tar.gz`);
  if (!existsSync(file)) {
    mkdirSync(options.cacheDir, { recursive: true });
    const draft = `${file}.${process.pid}`;
    writeFileSync(draft, await compress(tar, { level: 1 }));
    renameSync(draft, file);
  }
  return { file, sha256: createHash("sha256").update(readFileSync(file)).digest("hex") };
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
