/** Calls kubectl or helm with the kubeconfig of a stack, which never touches the disk in the clear for long. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClusterCommand } from "./examined.ts";

/** How long a call may take, in milliseconds. */
const patienceMs = 120_000;

/** Runs `action` with a function that calls kubectl and helm against one cluster; each call is ended after `timeout` ms. */
export async function withCluster<T>(
  kubeconfig: string,
  action: (run: ClusterCommand) => Promise<T>,
  timeout = patienceMs,
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), "homelab-"));
  try {
    const file = join(directory, "kubeconfig");
    await writeFile(file, kubeconfig, { mode: 0o600 });
    return await action(
      (program, args, stdin) =>
        new Promise((resolve, reject) => {
          const child = execFile(
            program,
            [...args],
            { env: { ...process.env, KUBECONFIG: file }, timeout, maxBuffer: 16 << 20 },
            (error, stdout, stderr) => {
              if ((error as NodeJS.ErrnoException | null)?.code === "ENOENT") {
                reject(new Error(`${program} is not installed`));
              } else {
                const silent = error?.killed === true && stderr.trim() === "";
                resolve({
                  ok: error === null,
                  stdout,
                  stderr: silent ? `${program} did not end in its time` : stderr.trim(),
                });
              }
            },
          );
          child.stdin?.end(stdin ?? "");
        }),
    );
  } finally {
    await rm(directory, { recursive: true });
  }
}
