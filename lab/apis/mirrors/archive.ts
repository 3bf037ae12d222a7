import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { writeTar, type TarEntry } from "./tar.ts";

const compress = promisify(gzip);

/** An archive on the disk and its SHA-256, hexadecimal. */
export interface Archive {
  readonly file: string;
  readonly sha256: string;
}

/** Packs the entries as `NAME-CONTENT.tar.gz` in `cacheDir`, once for each content. */
async function buildArchive(
  name: string,
  entries: readonly TarEntry[],
  cacheDir: string,
): Promise<Archive> {
  const tar = writeTar(entries);
  const content = createHash("sha256").update(tar).digest("hex").slice(0, 16);
  const file = join(cacheDir, `${name}-${content}.tar.gz`);
  if (!existsSync(file)) {
    mkdirSync(cacheDir, { recursive: true });
    const draft = `${file}.${process.pid}`;
    writeFileSync(draft, await compress(tar, { level: 1 }));
    renameSync(draft, file);
  }
  return { file, sha256: createHash("sha256").update(readFileSync(file)).digest("hex") };
}

/** An archive that is built at its first use; a build that failed is tried again at the next. */
export function lazyArchive(
  name: string,
  entries: () => readonly TarEntry[],
  cacheDir: string,
): () => Promise<Archive> {
  let built: Promise<Archive> | undefined;
  return () => {
    if (built !== undefined) return built;
    const current = Promise.resolve().then(() => buildArchive(name, entries(), cacheDir));
    built = current;
    current.catch(() => (built = undefined));
    return current;
  };
}
