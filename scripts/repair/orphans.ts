/** Plugins that go on by themselves after their engine was killed. */
import { readFileSync, readdirSync, readlinkSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
}

/** Errors of a process that ended, or that is another user's, while it was looked at. */
const vanished = new Set(["ENOENT", "ESRCH", "EACCES", "EPERM"]);

function look<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (vanished.has((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

function processes(): Process[] {
  const found: Process[] = [];
  for (const entry of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const status = look(() => readFileSync(`/proc/${entry}/status`, "utf8"));
    if (status === undefined) continue;
    const parent = Number(/^PPid:\s+(\d+)/m.exec(status)?.[1] ?? 0);
    if (/^State:\s+Z/m.test(status)) continue;
    found.push({ pid: Number(entry), parent, name: /^Name:\s+(.*)/m.exec(status)?.[1] ?? "" });
  }
  return found;
}

/** Whether the process was started for this project: plugins run in the project's directory. */
function belongs(pid: number, directory: string): boolean {
  return look(() => readlinkSync(`/proc/${pid}/cwd`)) === directory;
}

/**
 * Pids of plugins of this project whose parent is no engine. The kernel cuts names at 15 characters:
 * `pulumi-resource-NAME` reads `pulumi-resource`.
 */
export function orphanedPlugins(directory: string): number[] {
  const all = processes();
  const engines = new Set(all.filter(({ name }) => name === "pulumi").map(({ pid }) => pid));
  return all
    .filter(({ name, parent }) => name === "pulumi-resource" && !engines.has(parent))
    .map(({ pid }) => pid)
    .filter((pid) => belongs(pid, directory));
}

/** Ends orphans: politely, so that a release in flight is marked as failed, then for good after 10 s. */
export async function endOrphans(directory: string, say: (text: string) => void): Promise<void> {
  const orphans = orphanedPlugins(directory);
  if (orphans.length === 0) return;
  say(
    `repair: ending ${orphans.length} plugin(s) that a killed run left (pid ${orphans.join(", ")})`,
  );
  const signal = (pids: readonly number[], name: NodeJS.Signals): void => {
    for (const pid of pids) {
      try {
        process.kill(pid, name);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
      }
    }
  };
  const alive = (): number[] => orphanedPlugins(directory).filter((pid) => orphans.includes(pid));
  const until = async (deadline: number): Promise<boolean> => {
    while (alive().length > 0) {
      if (Date.now() > deadline) return false;
      await delay(100);
    }
    return true;
  };
  signal(orphans, "SIGTERM");
  if (await until(Date.now() + 10_000)) return;
  signal(alive(), "SIGKILL");
  if (!(await until(Date.now() + 5_000))) {
    throw new Error(
      `plugins of a killed run do not end (pid ${alive().join(", ")}); end them by hand`,
    );
  }
}
