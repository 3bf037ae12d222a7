/** The lab's process as its starter knows it: the `unshare` that holds the namespaces. */
import { spawn } from "node:child_process";
import { watch } from "node:fs";
import { open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { isRoot, unshareArguments } from "./namespaces.ts";
import type { LabPaths } from "./paths.ts";
import { siteFilesDirectory } from "./site-files.ts";

const recordSchema = z.strictObject({
  pid: z.int(),
  /** Start of the process in clock ticks (proc(5), stat, field 22): process ids are used again. */
  started: z.string(),
  root: z.boolean(),
});

export type LabProcess = z.infer<typeof recordSchema>;

/** Beside the sockets, where it is still found when somebody has removed the state directory. */
const recordFile = (paths: LabPaths): string => join(paths.sockets, "lab.json");
export const daemonLog = (paths: LabPaths): string => join(paths.logs, "daemon.log");

/** The running lab's process, if there is one. */
export async function findProcess(paths: LabPaths): Promise<LabProcess | undefined> {
  const text = await readIfPresent(recordFile(paths));
  if (text === undefined) return undefined;
  const record = recordSchema.parse(JSON.parse(text));
  return (await startedAt(record.pid)) === record.started ? record : undefined;
}

/** Starts the lab's process, which outlives its starter; resolves once its control socket listens. */
export async function launch(paths: LabPaths, entry: string): Promise<void> {
  const root = isRoot();
  await rm(paths.control, { force: true });
  const log = await open(daemonLog(paths), "w");
  const node = join(paths.clone, "node_modules", ".bin", "node");
  const namespace = join(import.meta.dirname, "namespace.sh");
  const etc = join(paths.run, "etc");
  const child = spawn(
    "unshare",
    [
      ...unshareArguments(root),
      "sh",
      namespace,
      etc,
      paths.home,
      siteFilesDirectory(paths),
      node,
      entry,
    ],
    {
      cwd: paths.clone,
      detached: true,
      stdio: ["ignore", log.fd, log.fd],
      env: { ...process.env, HOMELAB_LAB: paths.state },
    },
  );
  await log.close();
  const ended = new Promise<never>((_resolve, reject) => {
    child.once("error", (error) => {
      reject(new Error(`unshare: ${error.message}`));
    });
    child.once("exit", (code, signal) => {
      reject(new Error(`the lab's process ended with ${String(code ?? signal)}`));
    });
  });
  // Rejections after the socket listens are nobody's: the control client sees the end.
  ended.catch(() => undefined);
  if (child.pid !== undefined) {
    const record: LabProcess = {
      pid: child.pid,
      started: (await startedAt(child.pid)) ?? "",
      root,
    };
    await writeFile(`${recordFile(paths)}.new`, JSON.stringify(record));
    await rename(`${recordFile(paths)}.new`, recordFile(paths));
  }
  await Promise.race([appears(paths.control), ended]);
  child.unref();
}

/** Waits until a process has gone; ends it by force after so many milliseconds. */
export async function waitForEnd(
  { pid, started }: LabProcess,
  milliseconds: number,
): Promise<void> {
  const deadline = performance.now() + milliseconds;
  // A process that is not one's child can only be looked at.
  while ((await startedAt(pid)) === started) {
    if (performance.now() > deadline) killNow(pid);
    await delay(50);
  }
}

function killNow(pid: number): void {
  try {
    // A killed `unshare --kill-child` takes the first process of the namespace along, and that takes the rest.
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Last lines of the lab's own log. */
export async function lastLines(paths: LabPaths, count: number): Promise<string> {
  const text = (await readIfPresent(daemonLog(paths))) ?? "";
  return text.trimEnd().split("\n").slice(-count).join("\n");
}

async function appears(file: string): Promise<void> {
  const found = Promise.withResolvers<void>();
  const exists = (): void => {
    stat(file).then(
      () => {
        found.resolve();
      },
      (error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOENT") found.reject(error);
      },
    );
  };
  const watcher = watch(join(file, ".."), (_event, name) => {
    if (name === basename(file)) exists();
  });
  watcher.on("error", found.reject);
  exists();
  try {
    await found.promise;
  } finally {
    watcher.close();
  }
}

async function startedAt(pid: number): Promise<string | undefined> {
  const text = await readIfPresent(`/proc/${pid}/stat`);
  // The command's name may hold blanks and brackets; fields are counted after it.
  const fields = text?.slice(text.lastIndexOf(")") + 2).split(" ");
  return fields?.[0] === "Z" ? undefined : fields?.[19];
}

async function readIfPresent(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH") return undefined;
    throw error;
  }
}
