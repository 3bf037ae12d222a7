/** Commands in the lab, written as one types them, and the lab that they run in: one of the tests' own. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { runInLab } from "../../lab/lab.ts";
import { labPaths } from "../../lab/host/paths.ts";
import { root } from "../../toolchain/go.ts";
import { words, type Value } from "./words.ts";

process.env["HOMELAB_LAB"] ??= join(root, ".lab-test");
export const paths = labPaths();

export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Commands that want the shell's kubeconfig and ssh keys; the others are spared asking the stacks for them. */
const helpsPeople = new Set(["kubectl", "helm", "ssh"]);

/** Runs a command in the lab; gives how it ended. */
export async function attempt(
  text: TemplateStringsArray,
  ...values: readonly Value[]
): Promise<Output> {
  const command = words(text, ...values);
  return runInLab(command, { stdio: "capture", keepHome: !helpsPeople.has(command[0] ?? "") });
}

/** The same, which must succeed, and gives what it printed; a failure carries all of it. */
export async function run(
  text: TemplateStringsArray,
  ...values: readonly Value[]
): Promise<string> {
  const { code, stdout, stderr } = await attempt(text, ...values);
  const command = words(text, ...values).join(" ");
  assert.equal(code, 0, `${command} ended with ${code}\n${stdout}\n${stderr}`);
  return stdout;
}

/** The same, which must fail; gives everything that it printed. */
export async function refused(
  text: TemplateStringsArray,
  ...values: readonly Value[]
): Promise<string> {
  const { code, stdout, stderr } = await attempt(text, ...values);
  const command = words(text, ...values).join(" ");
  assert.notEqual(code, 0, `${command} ended well\n${stdout}\n${stderr}`);
  return `${stdout}\n${stderr}`;
}

/** What kubectl gives as JSON: kubectl`--context home get nodes`. */
export async function kubectl<T>(
  text: TemplateStringsArray,
  ...values: readonly Value[]
): Promise<T> {
  return JSON.parse(await run`kubectl ${words(text, ...values)} -o json`) as T;
}
