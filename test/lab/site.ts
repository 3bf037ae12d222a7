/** A site as its owner meets it: `npm run up`, its config, and the Proxmox API of its hosts. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { siteFilesDirectory } from "../../lab/host/site-files.ts";
import { stacksDirectory } from "../../lab/host/stacks.ts";
import { apiTokenId, ensureCredentials } from "../../lab/world/credentials.ts";
import { runInLab } from "../../lab/lab.ts";
import { attempt, paths, run } from "./command.ts";

/** By stack: the digest of its site file and state when a run last left them without a difference. */
const settled = new Map<string, string>();

/** Nothing for a stack that nobody has made yet. */
async function digestOf(stack: string): Promise<string | undefined> {
  const state = join(stacksDirectory(paths.pulumi), `${stack}.json`);
  if (!existsSync(state)) return undefined;
  const digest = createHash("sha256");
  for (const file of [join(siteFilesDirectory(paths), `Pulumi.${stack}.yaml`), state])
    digest.update(await readFile(file));
  return digest.digest("hex");
}

async function settle(stack: string): Promise<void> {
  const digest = await digestOf(stack);
  if (digest !== undefined) settled.set(stack, digest);
}

/** Whether a preview finds nothing to do. Asks for none where site file and state are as the last run has left them. */
export async function isSettled(stack: string): Promise<boolean> {
  const digest = await digestOf(stack);
  if (digest !== undefined && settled.get(stack) === digest) return true;
  const { code } = await attempt`pulumi preview --stack ${stack} --expect-no-changes`;
  if (code === 0) await settle(stack);
  return code === 0;
}

/** `npm run up -- --stack NAME`, as it runs inside the lab; gives everything that it said. */
export async function up(stack: string, ...options: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await attempt`node scripts/up.ts --stack ${stack} ${options}`;
  assert.equal(code, 0, `${stdout}\n${stderr}`);
  await settle(stack);
  return `${stdout}\n${stderr}`;
}

/** Sets a value in home's site file. */
export const setConfig = async (path: string, value: string): Promise<string> =>
  run`pulumi config set --stack home --path ${path} ${value}`;

/** Sets many, by their paths. */
export async function setConfigs(
  values: Readonly<Record<string, string | number | boolean>>,
  stack = "home",
): Promise<void> {
  const all = Object.entries(values).flatMap(([path, value]) => [
    "--plaintext",
    `${path}=${value}`,
  ]);
  await run`pulumi config set-all --stack ${stack} --path ${all}`;
}

/** Sets a value in home's site file to that of two which it does not have, so that there is something to change; gives it. */
export async function changeConfig(
  path: string,
  [one, other]: readonly [string, string],
): Promise<string> {
  const { stdout } = await attempt`pulumi config get --stack home --path ${path}`;
  const value = stdout.trim() === one ? other : one;
  await setConfig(path, value);
  return value;
}

/** Fails when the program would change anything of a site, beside what really exists. */
export async function nothingToChange(stack: string): Promise<void> {
  await run`pulumi preview --stack ${stack} --refresh --expect-no-changes`;
  await settle(stack);
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
  /** Its host. */
  readonly node: string;
  readonly status: string;
  /** With semicolons between. */
  readonly tags: string;
}

/** Addresses of a Proxmox API of each site; of home's hosts one that no test switches off. */
const endpoints: Readonly<Record<string, string>> = {
  home: "https://192.168.1.14:8006",
  cabin: "https://192.168.20.11:8006",
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

export const machines = async (stack: string): Promise<readonly ListedMachine[]> =>
  proxmox<readonly ListedMachine[]>(stack, "cluster/resources?type=vm");

/** Fails unless a task at home's Proxmox ends well; `path` is of the call that starts it. */
export async function proxmoxTask(path: string, method = "POST"): Promise<void> {
  const upid = await proxmox<string>("home", path, method);
  const task = `nodes/${upid.split(":")[1] ?? ""}/tasks/${encodeURIComponent(upid)}`;
  await eventually(30, async () => {
    const { status } = await proxmox<{ status: string }>("home", `${task}/status`);
    assert.equal(status, "stopped");
  });
  const { exitstatus } = await proxmox<{ exitstatus: string }>("home", `${task}/status`);
  assert.equal(exitstatus, "OK", JSON.stringify(await proxmox("home", `${task}/log`)));
}

/** A machine of home by its name, and the path of its API on its host. */
export async function machine(name: string): Promise<ListedMachine & { readonly path: string }> {
  const found = (await machines("home")).find((one) => one.name === name);
  assert.ok(found, `${name} is no machine`);
  return { ...found, path: `nodes/${found.node}/qemu/${found.vmid}` };
}
