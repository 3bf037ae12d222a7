/** The tool cache: shared between clones, safe against two runs at once and against a kill in the middle. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/** `${XDG_CACHE_HOME:-~/.cache}/homelab` */
export function cacheDirectory(): string {
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "homelab");
}

/**
 * Runs `action` while holding a lock of the kernel (flock). A killed holder lets go of it: the pipe that
 * keeps the lock's process alive closes with us.
 */
async function locked<T>(file: string, action: () => Promise<T>): Promise<T> {
  const holder = spawn("flock", [file, "sh", "-c", "echo held; cat >/dev/null"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(holder, "exit");
  await Promise.race([
    once(holder.stdout, "data"),
    ended.then(() => Promise.reject(new Error(`cannot lock ${file}: flock ended at once`))),
  ]);
  try {
    return await action();
  } finally {
    holder.stdin.end();
    await ended;
  }
}

/** Something to have in the cache, at `<cache>/<name>-<key>`. */
export interface Entry {
  readonly name: string;
  readonly key: string;
}

/** An entry that is being made. */
export interface Slot<E extends Entry = Entry> {
  readonly entry: E;
  /** Where it is made. */
  readonly directory: string;
  /** Moves the directory into the cache: it is whole. */
  readonly keep: () => Promise<void>;
}

/**
 * The directories of `entries`; `make` makes those that are missing, in scratch directories, and keeps each that is whole.
 * A second caller for the same `group` waits for the first; what a killed one left is removed.
 */
export async function cachedAll<E extends Entry>(
  group: string,
  entries: readonly E[],
  make: (missing: readonly Slot<E>[]) => Promise<void>,
): Promise<string[]> {
  const cache = cacheDirectory();
  const target = ({ name, key }: E): string => join(cache, `${name}-${key}`);
  const isMissing = (entry: E): boolean => !existsSync(target(entry));
  if (entries.some(isMissing)) {
    await mkdir(cache, { recursive: true });
    await locked(join(cache, `.${group}.lock`), async () => {
      const stale = (await readdir(cache)).filter((name) => name.startsWith(`.${group}.new-`));
      await Promise.all(stale.map((name) => rm(join(cache, name), { recursive: true })));
      const scratch = await mkdtemp(join(cache, `.${group}.new-`));
      try {
        const slots = entries.filter(isMissing).map((entry) => {
          const directory = join(scratch, entry.name);
          const keep = async (): Promise<void> => {
            // Machines of a lab without root read their programs as other users.
            await chmod(directory, 0o755);
            await rename(directory, target(entry));
          };
          return { entry, directory, keep };
        });
        for (const { directory } of slots) await mkdir(directory);
        if (slots.length > 0) await make(slots);
      } finally {
        await rm(scratch, { recursive: true, force: true });
      }
    });
  }
  return entries.map(target);
}

/** The directory of one entry, which `make` fills when it is missing. */
export async function cached(
  name: string,
  key: string,
  make: (directory: string) => Promise<void>,
): Promise<string> {
  const entry = { name, key };
  const [directory = ""] = await cachedAll(name, [entry], async (slots) => {
    for (const { directory: scratch, keep } of slots) {
      await make(scratch);
      await keep();
    }
  });
  return directory;
}
