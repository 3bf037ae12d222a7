/** The lab of this clone, as people and scripts use it: start, stop, reset, look, and run commands inside. */
import { open, readFile, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { Tools } from "../toolchain/tools.ts";
import { realCharts } from "./apis/mirrors/real-charts.ts";
import { ControlClient, LabNotRunning } from "./control/client.ts";
import type { LabStatus } from "./control/status.ts";
import { asNamespaceRoot, checkNamespaces, isRoot } from "./host/namespaces.ts";
import { createDirectories, labPaths } from "./host/paths.ts";
import { findProcess, lastLines, launch, waitForEnd } from "./host/process.ts";
import { readStacks } from "./host/stacks.ts";
import {
  hasSettings,
  readSettings,
  servesAs,
  writeSettings,
  type LabSettings,
} from "./host/settings.ts";
import { syncSiteFiles } from "./host/site-files.ts";
import { writeNameFiles } from "./network/name-files.ts";
import { installPlugins } from "./plugins/install.ts";
import { prepareHome } from "./shell/home.ts";
import { runInLab } from "./shell/inside.ts";
import { ensureCredentials } from "./world/credentials.ts";
import { sites } from "./world/inventory.ts";

export { runInLab, type LabRun, type RunInLabOptions } from "./shell/inside.ts";

const labCharts = join(import.meta.dirname, "charts");

export interface StartLabOptions {
  /** Tools that `ensureTools` made ready. */
  readonly tools: Tools;
  /** Called with each step, for people. */
  readonly log?: (step: string) => void;
}

/**
 * Starts the lab, unless it runs, and resolves when it is ready; machines that ran when it was stopped are switched
 * on again. Throws with the last lines of the lab's log when it does not come up.
 */
export async function startLab(options: StartLabOptions): Promise<void> {
  const { tools, log = () => undefined } = options;
  const paths = labPaths();
  await createDirectories(paths);
  const lock = await lockStart(join(paths.run, "start.lock"));
  try {
    const credentials = await ensureCredentials(paths.state);
    log("installing Pulumi's plugins");
    const plugins = await installPlugins({
      pulumiHome: paths.pulumiHome,
      toolsBin: tools.bin,
      standIns: tools,
      official: process.env["HOMELAB_PLUGINS"],
    });
    const given = process.env["HOMELAB_CHARTS"] || undefined;
    const settings = { tools, charts: given, plugins: [...plugins] };
    const client = new ControlClient(paths.control);
    const running = await findProcess(paths);
    if (running !== undefined && (await hasSettings(paths))) {
      await client.ready(log);
      await noteDifference(settings, log);
      return;
    }
    if (running !== undefined) {
      log("ending a lab whose state directory was removed");
      await waitForEnd(running, 0);
    }
    await checkNamespaces();
    await prepareHome(paths, credentials);
    await syncSiteFiles(paths);
    await writeNameFiles(join(paths.run, "etc"), sites);
    log("looking for real charts");
    const charts =
      given ??
      (await realCharts({ labCharts, cache: paths.charts, helm: join(tools.bin, "helm") }, log));
    await writeSettings(paths, { ...settings, charts });
    try {
      await launch(paths, join(import.meta.dirname, "daemon", "main.ts"));
      await client.ready(log);
    } catch (error) {
      const said = await lastLines(paths, 15);
      throw new Error(
        `the lab did not start: ${error instanceof Error ? error.message : String(error)}\n${said}`,
        { cause: error },
      );
    }
  } finally {
    await lock.close();
    await rm(join(paths.run, "start.lock"), { force: true });
  }
}

/** Ends the machines in good order, then the lab; state and credentials stay. Nothing to stop is fine. */
export async function stopLab(): Promise<void> {
  const paths = labPaths();
  const running = await findProcess(paths);
  if (running === undefined) return;
  try {
    await new ControlClient(paths.control).stop();
  } catch (error) {
    if (!(error instanceof LabNotRunning)) {
      process.stderr.write(`the lab does not stop in good order: ${(error as Error).message}\n`);
    }
    await waitForEnd(running, 0);
  }
  await waitForEnd(running, 15_000);
}

/** Stops the lab and removes all that it has: machines, disks, Pulumi's state, credentials. */
export async function resetLab(): Promise<void> {
  await stopLab();
  const { state, sockets } = labPaths();
  // Machines have files of users that only exist in their namespaces.
  if (isRoot()) await rm(state, { recursive: true, force: true });
  else await asNamespaceRoot(["rm", "-rf", state]);
  await rm(sockets, { recursive: true, force: true });
}

/**
 * Lets so many days pass in a running lab: what has a date on machines and in the stacks' states is dated back by as many,
 * so that everybody finds it that much older, whatever clock they look at.
 */
export async function passDays(days: number): Promise<void> {
  const paths = labPaths();
  const states: Record<string, string> = {};
  for (const { name } of await readStacks(paths.pulumi))
    states[name] = await pulumi(["stack", "export", "--show-secrets", "--stack", name]);
  const dated = await new ControlClient(paths.control).passTime(days, states);
  for (const [name, state] of Object.entries(dated))
    await pulumi(["stack", "import", "--stack", name], state);
}

async function pulumi(args: readonly string[], input = ""): Promise<string> {
  const options = { stdio: "capture", keepHome: true, input } as const;
  const { code, stdout, stderr } = await runInLab(["pulumi", ...args], options);
  if (code !== 0) throw new Error(`pulumi ${args.join(" ")}: ${stderr.trim()}`);
  return stdout;
}

/** What the lab is doing; throws LabNotRunning when it is stopped. */
export async function labStatus(): Promise<LabStatus> {
  return new ControlClient(labPaths().control).status();
}

/** A running lab keeps what it was started with: say so when that is not what it would get now. */
async function noteDifference(wanted: LabSettings, log: (step: string) => void): Promise<void> {
  const running = await readSettings(labPaths());
  if (!servesAs(running, wanted)) {
    log("the lab runs with older tools or charts; `npm run lab -- stop` and start it to renew it");
  }
}

/** Keeps two starters apart; a lock whose owner has died is taken over. */
async function lockStart(file: string): Promise<FileHandle> {
  for (;;) {
    try {
      const lock = await open(file, "wx");
      await lock.writeFile(String(process.pid));
      return lock;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const owner = Number(await readFile(file, "utf8"));
    if (alive(owner)) {
      throw new Error(`the lab is being started by process ${owner}; wait for it and try again`);
    }
    await rm(file, { force: true });
  }
}

function alive(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
