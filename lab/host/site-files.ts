/**
 * The lab's own copies of the clone's `Pulumi.<site>.yaml`. Pulumi writes a stack's encryption salt into its
 * file; inside the lab the copies are mounted over the clone's files, so that these stay as they are.
 */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { LabPaths } from "./paths.ts";

/** Top-level keys that Pulumi writes for a stack's secrets; the clone's belong to another passphrase. */
const encryption = /^(encryptionsalt|encryptedkey|secretsprovider):.*\n?/gm;

/** The copy's text after the clone's file has changed: the clone's settings, and the lab's own encryption. */
export function siteFileCopy(source: string, copy: string): string {
  const own = copy.match(encryption)?.map((line) => line.trimEnd()) ?? [];
  const settings = source.replace(encryption, "").trimEnd();
  return [settings, ...own, ""].join("\n");
}

/** Whether a file of the clone is a site's; the sample explains the keys, and no stack has it. */
export function isSiteFile(name: string): boolean {
  return /^Pulumi\.[^.]+\.yaml$/.test(name) && name !== "Pulumi.sample.yaml";
}

export const siteFilesDirectory = (paths: LabPaths): string => join(paths.state, "sites");

async function readOr(file: string, otherwise: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return otherwise;
    throw error;
  }
}

/**
 * Brings the copies up to date with the clone's files. A copy whose source has not changed since is left
 * alone: it may have been changed inside the lab. Written in place, because the copies are mounted. A site file
 * that is new since the lab started is mounted at its next start.
 */
export async function syncSiteFiles(paths: LabPaths): Promise<void> {
  const directory = siteFilesDirectory(paths);
  await mkdir(directory, { recursive: true });
  const files = await readdir(paths.clone);
  for (const file of files.filter(isSiteFile)) {
    const source = await readFile(join(paths.clone, file), "utf8");
    const digest = createHash("sha256").update(source).digest("hex");
    const copy = join(directory, file);
    const seen = `${copy}.source`;
    if ((await readOr(seen, "")) === digest) continue;
    await writeFile(copy, siteFileCopy(source, await readOr(copy, "")));
    await writeFile(seen, digest);
  }
}
