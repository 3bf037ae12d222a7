import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { planBoot } from "./boot-plan.ts";
import { layCondition } from "./condition.ts";
import { diskExists, hostEtc, lastLines, layDisk } from "./disk.ts";
import type { MachineDefinition } from "./machine.ts";
import { connect, disconnect, namespaceOf } from "./network.ts";
import { procFiles } from "./proc-files.ts";
import { sandboxArguments } from "./sandbox.ts";
import type { SystemTree } from "./system-tree.ts";

/** What is known of a machine that runs. */
export interface MachineStatus {
  readonly definition: MachineDefinition;
  readonly startedAt: Date;
  /** `running` until the first boot's last command has ended. */
  readonly cloudInit: {
    readonly status: "running" | "done" | "degraded" | "error";
    readonly problems: readonly string[];
  };
}

/** What all machines of a hypervisor share. */
export interface BootEnvironment {
  readonly stateDir: string;
  readonly guestBinary: string;
  readonly kubernetesBinaries: Readonly<Record<string, string>>;
  readonly podPrograms: Readonly<Record<string, string>>;
  readonly caBundle: string;
  readonly extraHosts: Readonly<Record<string, string>>;
  readonly system: SystemTree;
}

/** A machine whose init runs, or did until `ended` resolved. */
export interface RunningMachine {
  readonly definition: MachineDefinition;
  readonly startedAt: Date;
  readonly cloudInit: MachineStatus["cloudInit"];
  /** True from the first call of `stop`. */
  readonly stopping: boolean;
  /** Resolves once no process and no network of the machine is left. */
  readonly ended: Promise<{ readonly reboot: boolean }>;
  /** Asks init to stop the machine, for so many seconds, and kills it then if it is forced; 0 kills at once. Gives whether it ended. */
  stop(timeoutSeconds: number, force: boolean): Promise<boolean>;
}

/** Exit code by which the machine's init asks for a reboot, systemd-nspawn's convention. */
const rebootExitCode = 133;
/** SIGRTMIN+4: systemd's "power off". */
const powerOffSignal = 38;
const infoFd = 3;
const reportFd = 4;
const bootTimeoutMs = 30_000;

/** Lines that init writes to its report descriptor. */
type Report =
  | { readonly event: "running" }
  | {
      readonly event: "cloud-init";
      readonly status: "done" | "degraded" | "error";
      readonly problems: readonly string[];
    };

async function writeProcFiles(
  directory: string,
  definition: MachineDefinition,
): Promise<Record<string, string>> {
  const placed: Record<string, string> = {};
  for (const [name, content] of Object.entries(procFiles(definition))) {
    const path = join(directory, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
    placed[name] = path;
  }
  return placed;
}

const exitOf = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code));
  });

/** Reads bubblewrap's answer on its information descriptor: the process id of the machine's init, here. */
async function initPid(stream: Readable): Promise<number | undefined> {
  let text = "";
  for await (const chunk of stream) text += String(chunk);
  if (text === "") return undefined;
  return (JSON.parse(text) as { "child-pid": number })["child-pid"];
}

const kill = (pid: number, signal: NodeJS.Signals | number): void => {
  if (pid === 0) return;
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
};

async function spawnSandbox(
  environment: BootEnvironment,
  definition: MachineDefinition,
): Promise<ChildProcess> {
  const directory = join(environment.stateDir, String(definition.vmid));
  const disk = join(directory, "root");
  await mkdir(directory, { recursive: true });
  if (!diskExists(disk)) await layDisk(disk);
  const plan = planBoot(definition, environment);
  const volumes = join(environment.stateDir, "volumes");
  await mkdir(volumes, { recursive: true });
  const bootPlan = join(directory, "boot.json");
  await writeFile(bootPlan, JSON.stringify(plan), { mode: 0o600 });
  const args = sandboxArguments({
    hostname: plan.hostname,
    disk,
    usr: environment.system.usr,
    units: environment.system.units,
    guestBinary: environment.guestBinary,
    kubernetesBinaries: environment.kubernetesBinaries,
    podPrograms: environment.podPrograms,
    volumes,
    bootPlan,
    condition: await layCondition(directory, definition),
    procFiles: await writeProcFiles(join(directory, "proc"), definition),
    hostEtc,
    infoFd,
  });
  const { address, gateway } = definition.cloudInit;
  const lan = { name: "eth0", ...definition.nic, address };
  await connect({ vmid: definition.vmid, cards: [lan, ...definition.furtherNics], gateway });
  const console = openSync(join(directory, "console.log"), "w");
  try {
    return spawn("ip", ["netns", "exec", namespaceOf(definition.vmid), "bwrap", ...args], {
      stdio: ["ignore", console, console, "pipe", "pipe"],
      env: { PATH: process.env["PATH"] },
    });
  } finally {
    closeSync(console);
  }
}

/** Boots a machine; resolves when its init runs and rejects, with the console's last lines, when it ends before. */
export async function bootMachine(
  environment: BootEnvironment,
  definition: MachineDefinition,
): Promise<RunningMachine> {
  const { vmid } = definition;
  const child = await spawnSandbox(environment, definition);
  const exited = exitOf(child);
  const pid = initPid(child.stdio[infoFd] as Readable);
  const machine = {
    definition,
    startedAt: new Date(),
    cloudInit: { status: "running", problems: [] } as MachineStatus["cloudInit"],
    stopping: false,
    ended: exited.then(async (code) => {
      await disconnect(vmid);
      return { reboot: code === rebootExitCode };
    }),
    async stop(timeoutSeconds: number, force: boolean) {
      machine.stopping = true;
      const init = await pid;
      // bubblewrap ends with its child and must outlive it, or nobody would reap it.
      const end = (): void => kill(init ?? child.pid ?? 0, "SIGKILL");
      if (child.exitCode === null && child.signalCode === null) {
        if (timeoutSeconds > 0 && init !== undefined) kill(init, powerOffSignal);
        else end();
      }
      const late = Promise.withResolvers<false>();
      const timer = setTimeout(() => {
        if (force) end();
        else late.resolve(false);
      }, timeoutSeconds * 1000);
      const stopped = await Promise.race([machine.ended.then(() => true), late.promise]);
      clearTimeout(timer);
      machine.stopping = stopped;
      return stopped;
    },
  };
  const running = new Promise<void>((resolve) => {
    createInterface({ input: child.stdio[reportFd] as Readable }).on("line", (line) => {
      const report = JSON.parse(line) as Report;
      if (report.event === "running") resolve();
      else machine.cloudInit = { status: report.status, problems: report.problems };
    });
  });
  const timeout = setTimeout(() => child.kill("SIGKILL"), bootTimeoutMs);
  try {
    const ended = machine.ended.then(async () => {
      const consoleText = await lastLines(
        join(environment.stateDir, String(vmid), "console.log"),
        10,
      );
      throw new Error(
        `machine ${vmid} (${definition.name}): its init did not start: ${consoleText || "no output"}`,
      );
    });
    await Promise.race([running, ended]);
    // From here on an end is the machine's own business and reported by `ended`.
    ended.catch(() => undefined);
  } finally {
    clearTimeout(timeout);
  }
  return machine;
}
