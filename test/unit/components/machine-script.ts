import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { scriptInput, type Parameters } from "../../../components/remote/shell.ts";

/** How a script ended. */
export interface ScriptRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder with the parts of a machine's file system that scripts write to. */
export function machineRoot(): string {
  const root = mkdtempSync(join(tmpdir(), "machine-"));
  for (const folder of ["run", "etc", "usr/local/bin", "usr/local/sbin"])
    mkdirSync(join(root, folder), { recursive: true });
  return root;
}

/** The same of a server, whose cluster is reached by this kubeconfig. */
export function serverRoot(kubeconfig: string): string {
  const root = machineRoot();
  for (const folder of ["run/lock", "etc/rancher/rke2"])
    mkdirSync(join(root, folder), { recursive: true });
  cpSync(kubeconfig, join(root, "etc/rancher/rke2/rke2.yaml"));
  return root;
}

/** Runs a machine's script as a step does, with the machine's folders moved under `root`. */
export function runScript(
  root: string,
  script: string,
  parameters: Parameters,
): Promise<ScriptRun> {
  const moved = script.replaceAll(/(?<![\w$}/.])\/(usr\/local|run|etc|var\/lib)\//g, `${root}/$1/`);
  return new Promise((resolve) => {
    const child = execFile("bash", ["-s"], { encoding: "utf8" }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
    });
    child.stdin?.end(scriptInput(moved, parameters));
  });
}
