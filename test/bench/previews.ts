/**
 * Runs in the lab: times previews of a site, of an empty program and of the site's replay in turn, then looks at the
 * memory of the site's program.
 *
 *   previews.ts STACK EMPTY-PROJECT REPLAY-PROJECT ROUNDS RESULT.json
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { projectDirectory } from "../../scripts/site-stack.ts";

/** Measured previews, as `previews.ts` writes them. */
export interface Previews {
  /** Seconds of each run. */
  readonly empty: readonly number[];
  readonly site: readonly number[];
  /** Of `replay.ts`. */
  readonly replay: readonly number[];
  /** MiB at the most that the program's node process of the site held. */
  readonly peakMiB: number;
}

interface Preview {
  readonly seconds: number;
  readonly peakMiB: number;
}

/** Runs one preview; looks at the program's memory only when told to, because that takes time of its own. */
async function preview(stack: string, cwd: string, look = false): Promise<Preview> {
  const begun = performance.now();
  const args = ["preview", "--non-interactive", "--expect-no-changes", "--stack", stack];
  const child = spawn("pulumi", args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  const said: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => said.push(chunk));
  const closed = once(child, "close") as Promise<[number | null]>;
  const peak = look ? watchMemory(child) : Promise.resolve(0);
  const [code] = await closed;
  if (code !== 0)
    throw new Error(
      `pulumi ${args.join(" ")} in ${cwd} ended with ${code}\n${Buffer.concat(said).toString()}`,
    );
  return { seconds: (performance.now() - begun) / 1000, peakMiB: await peak };
}

/** Highest resident size of the language runtime below a process, as the kernel keeps it (VmHWM, proc(5)); MiB. */
async function watchMemory(child: ReturnType<typeof spawn>): Promise<number> {
  let peak = 0;
  while (child.exitCode === null) {
    for (const pid of await programs(child.pid ?? 0)) {
      const kib = /^VmHWM:\s+(\d+) kB$/m.exec(await read(`/proc/${pid}/status`))?.[1];
      peak = Math.max(peak, Number(kib ?? 0) / 1024);
    }
    await delay(15);
  }
  return peak;
}

/** Processes below `ancestor` that run the SDK's runner. */
async function programs(ancestor: number): Promise<readonly string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const parents = new Map<string, string>();
  const runners: string[] = [];
  for (const pid of pids) {
    const fields = (await read(`/proc/${pid}/stat`)).replace(/^.*\) /, "").split(" ");
    parents.set(pid, fields[1] ?? "0");
    const command = (await read(`/proc/${pid}/cmdline`)).split("\0");
    if (command.some((part) => part.includes("@pulumi/pulumi/cmd/run"))) runners.push(pid);
  }
  return runners.filter((pid) => {
    for (let at: string | undefined = pid; at !== undefined && at !== "0"; at = parents.get(at))
      if (Number(at) === ancestor) return parents.get(pid) !== String(ancestor);
    return false;
  });
}

/** A file of a process; empty when the process has ended. */
async function read(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return "";
    throw error;
  }
}

const [stack, empty, replay, rounds, result] = process.argv.slice(2);
if (stack === undefined || empty === undefined || replay === undefined || result === undefined)
  throw new Error("usage: previews.ts STACK EMPTY-PROJECT REPLAY-PROJECT ROUNDS RESULT.json");
const times = { empty: [] as number[], site: [] as number[], replay: [] as number[] };
// The first run of each fills caches.
await preview("empty", empty);
await preview(stack, projectDirectory);
await preview(stack, replay);
for (let round = 0; round < Number(rounds); round += 1) {
  times.empty.push((await preview("empty", empty)).seconds);
  times.site.push((await preview(stack, projectDirectory)).seconds);
  times.replay.push((await preview(stack, replay)).seconds);
}
const { peakMiB } = await preview(stack, projectDirectory, true);
await writeFile(result, JSON.stringify({ ...times, peakMiB } satisfies Previews));
