/** Fetches a published file and checks it against the SHA-256 that is published beside it. */
import { createHash } from "node:crypto";
import { execFile } from "node:child_process";
import { chmod, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import type { Download } from "./pins.ts";

/** A host that refuses or stays silent costs this long; after the first byte the rest may take longer. */
const firstByteMilliseconds = 5_000;
const wholeMilliseconds = 600_000;

/** The body of an HTTPS answer; throws one line that names the URL and the cause. */
export async function fetchBytes(url: string): Promise<Buffer> {
  const silence = new AbortController();
  const timer = setTimeout(() => {
    silence.abort(new Error(`no answer within ${firstByteMilliseconds / 1000} s`));
  }, firstByteMilliseconds);
  try {
    const signal = AbortSignal.any([silence.signal, AbortSignal.timeout(wholeMilliseconds)]);
    const response = await fetch(url, { signal });
    clearTimeout(timer);
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return Buffer.from(await response.arrayBuffer());
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new Error(`${url}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause: error,
    });
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The sum that a checksum file gives for `file`: a `sha256sum` list, or one bare sum.
 * Throws when the file names no sum for it.
 */
export function publishedSum(list: string, file: string): string {
  const lines = list
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const named = lines
    .map((line) => /^([0-9a-f]{64})\s+\*?(?:\.\/)?(\S+)$/i.exec(line))
    .find((match) => match !== null && basename(match[2] ?? "") === file);
  const sum =
    named?.[1] ?? (lines.length === 1 ? /^[0-9a-f]{64}$/i.exec(lines[0] ?? "")?.[0] : undefined);
  if (sum === undefined) throw new Error(`the published checksums name no SHA-256 for ${file}`);
  return sum.toLowerCase();
}

/** Downloads into `directory`, verified; archives are unpacked to the programs that are named. */
export async function download(item: Download, directory: string): Promise<void> {
  const file = basename(new URL(item.url).pathname);
  const expected = publishedSum((await fetchBytes(item.checksums)).toString("utf8"), file);
  const bytes = await fetchBytes(item.url);
  const actual = createHash("sha256").update(bytes).digest("hex");
  if (actual !== expected) {
    throw new Error(`${item.url}: SHA-256 is ${actual}, published is ${expected}`);
  }
  if (item.extract === undefined) {
    await writeFile(join(directory, file), bytes, { mode: 0o755 });
    return;
  }
  const scratch = await mkdtemp(join(directory, ".unpack-"));
  try {
    await writeFile(join(scratch, file), bytes);
    const target = item.extract === "all" ? directory : scratch;
    await promisify(execFile)("tar", ["-xzf", join(scratch, file), "-C", target]);
    if (item.extract === "all") return;
    const entries = await readdir(scratch, { recursive: true });
    for (const program of item.extract) {
      const found = entries.find((entry) => basename(entry) === program);
      if (found === undefined) throw new Error(`${item.url}: holds no ${program}`);
      await rename(join(scratch, found), join(directory, program));
      await chmod(join(directory, program), 0o755);
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
