/** Runs commands inside the lab's namespaces, with the lab's environment. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import { join } from "node:path";
import { ControlClient, LabNotRunning } from "../control/client.ts";
import { nsenterArguments } from "../host/namespaces.ts";
import { labPaths } from "../host/paths.ts";
import { findProcess, type LabProcess } from "../host/process.ts";
import { readSettings } from "../host/settings.ts";
import { syncSiteFiles } from "../host/site-files.ts";
import { ensureCredentials } from "../world/credentials.ts";
import { visitor } from "../world/inventory.ts";
import { labEnvironment } from "./environment.ts";
import { refreshHome } from "./home.ts";

export interface RunInLabOptions {
  /** `inherit` gives the command the caller's terminal, `capture` gives its output back. */
  readonly stdio?: "inherit" | "capture";
  /** Further variables; undefined removes one. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Working directory; the clone by default. */
  readonly cwd?: string;
  /** Called with output as it comes, when output is captured. */
  readonly onOutput?: (text: string) => void;
  /** Standard input, when output is captured. */
  readonly input?: string;
  /** Leaves kubeconfig and keys of the shell's HOME as they are, which saves asking the stacks. */
  readonly keepHome?: boolean;
  /** Ends the command with SIGTERM when it aborts. */
  readonly signal?: AbortSignal;
}

export interface LabRun {
  /** Exit code; 128 plus the number of the signal that ended the command. */
  readonly code: number;
  /** Empty unless captured. */
  readonly stdout: string;
  readonly stderr: string;
}

// nsenter stays outside to wait: keys that end the command must not end nsenter, and when nsenter's caller is
// killed the command is told to end, rather than running on unseen.
const enter = `trap '' INT QUIT; exec nsenter "$@"`;
const inside = `cd "$1" && shift && exec "$@"`;

/** Runs a command inside the lab; its exit code is an answer. Throws LabNotRunning when the lab is stopped. */
export async function runInLab(
  command: readonly string[],
  options: RunInLabOptions = {},
): Promise<LabRun> {
  const paths = labPaths();
  const lab = await findProcess(paths);
  if (lab === undefined) throw new LabNotRunning();
  const { tools } = await readSettings(paths);
  const environment = labEnvironment(paths, tools.bin, await ensureCredentials(paths.state));
  await syncSiteFiles(paths);
  if (options.keepHome !== true) await updateHome();
  return enterLab(
    lab,
    command,
    { ...environment, ...options.env },
    options.cwd ?? paths.clone,
    options,
  );
}

/** Brings HOME up to date; a stack that cannot be read costs its shell files, not the command. */
async function updateHome(): Promise<void> {
  const paths = labPaths();
  const client = new ControlClient(paths.control);
  try {
    await refreshHome(paths, askOutputs, async () => (await client.status()).machines);
  } catch (error) {
    process.stderr.write(`lab: kubeconfig and ssh keys are not up to date: ${String(error)}\n`);
  }
}

async function askOutputs(stack: string): Promise<unknown> {
  const question = ["pulumi", "stack", "output", "--show-secrets", "--json", "--stack", stack];
  const answer = await runInLab(question, { stdio: "capture", keepHome: true });
  if (answer.code !== 0) throw new Error(`${question.join(" ")}: ${answer.stderr.trim()}`);
  return JSON.parse(answer.stdout) as unknown;
}

/** Runs a command where only the internet's services and the zone's public names can be reached. */
export async function runAsVisitor(
  command: readonly string[],
  options: RunInLabOptions = {},
): Promise<LabRun> {
  const script = join(import.meta.dirname, "visitor.sh");
  const etc = join(labPaths().run, "etc");
  return runInLab(["ip", "netns", "exec", visitor.namespace, script, etc, ...command], {
    keepHome: true,
    ...options,
  });
}

async function enterLab(
  lab: LabProcess,
  command: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
  options: RunInLabOptions,
): Promise<LabRun> {
  const outside = [
    "--pdeathsig",
    "KILL",
    "sh",
    "-c",
    enter,
    "sh",
    ...nsenterArguments(lab.pid, lab.root),
  ];
  const within = ["setpriv", "--pdeathsig", "TERM", "env", "--default-signal=INT,QUIT"];
  const start = ["sh", "-c", inside, "sh", cwd, ...command];
  const inherited = options.stdio !== "capture";
  const child = spawn("setpriv", [...outside, "--", ...within, ...start], {
    env: { ...env },
    stdio: inherited ? "inherit" : "pipe",
    signal: options.signal,
  });
  let [stdout, stderr] = ["", ""];
  const heard = options.onOutput ?? (() => undefined);
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    heard(text);
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    heard(text);
  });
  // A command may end without reading its input; its exit code then says what matters.
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(options.input ?? "");
  const release = inherited ? holdSignals((signal) => child.kill(signal)) : () => undefined;
  try {
    const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
    return {
      code: code ?? 128 + (signal === null ? 0 : constants.signals[signal]),
      stdout,
      stderr,
    };
  } finally {
    release();
  }
}

/** While a command has the terminal, its keys are the command's, and orders to end are passed on. */
function holdSignals(pass: (signal: NodeJS.Signals) => void): () => void {
  const ignore = (): undefined => undefined;
  const forward = (signal: NodeJS.Signals): void => {
    pass(signal);
  };
  process.on("SIGINT", ignore).on("SIGQUIT", ignore);
  process.on("SIGTERM", forward).on("SIGHUP", forward);
  return () => {
    process.off("SIGINT", ignore).off("SIGQUIT", ignore);
    process.off("SIGTERM", forward).off("SIGHUP", forward);
  };
}
