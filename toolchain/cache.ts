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

/**
 * The directory `<cache>/<name>-<key>`, made by `make` in a scratch directory and moved into place when whole.
 * A second caller waits for the first; what a killed one left is removed.
 */
export async function cached(
  name: string,
  key: string,
  make: (directory: string) => Promise<void>,
): Promise<string> {
  const cache = cacheDirectory();
  const target = join(cache, `${name}-${key}`);
  if (existsSync(target)) return target;
  await mkdir(cache, { recursive: true });
  return locked(join(cache, `.${name}.lock`), async () => {
    if (existsSync(target)) return target;
    const stale = (await readdir(cache)).filter((entry) => entry.startsWith(`.${name}.new-`));
    await Promise.all(stale.map((entry) => rm(join(cache, entry), { recursive: true })));
    const scratch = await mkdtemp(join(cache, `.${name}.new-`));
    try {
      await make(scratch);
      // mkdtemp keeps others out; machines of a lab without root read their programs as other users.
      await chmod(scratch, 0o755);
      await rename(scratch, target);
    } catch (error) {
      await rm(scratch, { recursive: true, force: true });
      throw error;
    }
    return target;
  });
}
