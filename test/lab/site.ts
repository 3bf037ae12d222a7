/** The lab that the end-to-end tests share: its own state directory, apart from the clone's everyday lab. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Tools } from "../../toolchain/tools.ts";
import { root } from "../../toolchain/build.ts";

process.env["HOMELAB_LAB"] ??= join(root, ".lab-test");
const { labStatus, resetLab, runInLab, startLab, stopLab } = await import("../../lab/lab.ts");
const { apiTokenId, ensureCredentials } = await import("../../lab/world/credentials.ts");
const { labPaths } = await import("../../lab/host/paths.ts");

export { labStatus };
export const paths = labPaths();

export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function tools(): Tools {
  const given = process.env["HOMELAB_TEST_TOOLS"];
  if (given === undefined) throw new Error("run the tests by `npm test`: it makes the tools ready");
  return JSON.parse(given) as Tools;
}

/** A lab without anything in it. */
export async function freshLab(): Promise<void> {
  await resetLab();
  await startLab({ tools: tools() });
}

export const endLab = async (): Promise<void> => stopLab();

/** Commands that want the shell's kubeconfig and ssh keys; the others are spared asking the stacks for them. */
const helpsPeople = new Set(["kubectl", "helm", "ssh"]);

/** Runs a command in the lab and gives what it printed; a failure carries all of it. */
export async function run(...command: string[]): Promise<string> {
  const result = await attempt(...command);
  assert.equal(
    result.code,
    0,
    `${command.join(" ")} ended with ${result.code}\n${result.stdout}\n${result.stderr}`,
  );
  return result.stdout;
}

/** The same without the demand that it succeeds. */
export async function attempt(...command: string[]): Promise<Output> {
  return runInLab(command, { stdio: "capture", keepHome: !helpsPeople.has(command[0] ?? "") });
}

/** The same, which must fail; gives everything that it printed. */
export async function refused(...command: string[]): Promise<string> {
  const { code, stdout, stderr } = await attempt(...command);
  assert.notEqual(code, 0, `${command.join(" ")} ended well\n${stdout}\n${stderr}`);
  return `${stdout}\n${stderr}`;
}

/** `npm run up -- --stack NAME`, as it runs inside the lab. */
export const up = async (stack: string): Promise<string> =>
  run("node", "scripts/up.ts", "--stack", stack);

/** kubectl against a site; parsed JSON. */
export async function kubectl<T>(stack: string, ...args: string[]): Promise<T> {
  return JSON.parse(await run("kubectl", "--context", stack, ...args, "-o", "json")) as T;
}

/**
 * Waits until `check` no longer throws. Throws its last error after `seconds`, so that a time-out says what
 * was still wrong. Gives the seconds that it took.
 */
export async function eventually(seconds: number, check: () => Promise<void>): Promise<number> {
  const begun = Date.now();
  for (;;) {
    try {
      await check();
      return (Date.now() - begun) / 1000;
    } catch (error) {
      if (Date.now() - begun > seconds * 1000) throw error;
      await delay(250);
    }
  }
}

/** One VM as the Proxmox API lists it. */
export interface ListedMachine {
  readonly vmid: number;
  readonly name: string;
  readonly status: string;
}

/** Addresses of a Proxmox API of each site. */
const endpoints: Readonly<Record<string, string>> = {
  home: "https://192.168.1.11:8006",
  cabin: "https://192.168.2.11:8006",
};

/** Asks the Proxmox API of a site; the token travels on standard input, so that no process list shows it. */
export async function proxmox<T>(stack: string, path: string, method = "GET"): Promise<T> {
  const { apiTokenSecret } = await ensureCredentials(paths.state);
  const config = [
    `url = "${endpoints[stack] ?? ""}/api2/json/${path}"`,
    `request = "${method}"`,
    `header = "Authorization: PVEAPIToken=${apiTokenId}=${apiTokenSecret}"`,
  ];
  const options = { stdio: "capture", keepHome: true, input: `${config.join("\n")}\n` } as const;
  const { code, stdout, stderr } = await runInLab(["curl", "-fsS", "-K", "-"], options);
  assert.equal(code, 0, `${method} ${path}: ${stderr}`);
  return (JSON.parse(stdout) as { data: T }).data;
}

export const machines = async (stack: string): Promise<ListedMachine[]> =>
  proxmox<ListedMachine[]>(stack, "cluster/resources?type=vm");
