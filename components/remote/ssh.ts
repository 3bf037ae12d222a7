/** Runs a script on the site's machines as root, with the key and the host keys of the stack. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { OnMachine } from "../../stacks/doctor/examined.ts";

const patienceMs = 20_000;

/** Runs `action` with a function that reaches machines; key and host keys lie in a private folder meanwhile. */
export async function withMachines<T>(
  login: { readonly privateKey: string; readonly knownHosts: string },
  action: (run: OnMachine) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), "homelab-doctor-"));
  try {
    const [key, hosts] = [join(directory, "key"), join(directory, "known_hosts")];
    await writeFile(key, login.privateKey, { mode: 0o600 });
    await writeFile(hosts, login.knownHosts, { mode: 0o600 });
    const options = [
      ...[
        "-F",
        "none",
        "-i",
        key,
        "-o",
        `UserKnownHostsFile=${hosts}`,
        "-o",
        "GlobalKnownHostsFile=none",
      ],
      ...["-o", "StrictHostKeyChecking=yes", "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes"],
      ...["-o", "ConnectTimeout=8", "-o", "LogLevel=ERROR"],
    ];
    return await action((address, script) =>
      overSsh([...options, `root@${address}`, "bash -s"], script),
    );
  } finally {
    await rm(directory, { recursive: true });
  }
}

function overSsh(args: readonly string[], script: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile("ssh", [...args], { timeout: patienceMs }, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
      const late = error.killed === true ? `no end within ${patienceMs / 1000} s` : undefined;
      const said = stderr.trim().split("\n").at(-1);
      reject(new Error(missing ? "ssh is not installed" : (late ?? (said || error.message))));
    });
    // A connection that fails leaves the script unread; ssh's own words are the error.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(script);
  });
}
