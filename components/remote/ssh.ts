/** Runs a script on the site's machines as root, with the key and the host keys of the stack, by the system's `ssh`. */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";

/** What one needs to get in. */
export interface SshLogin {
  /** Private login key of root, OpenSSH PEM form. */
  readonly privateKey: string;
  /** Lines of a known_hosts file; a machine with another key is refused. */
  readonly knownHosts: string;
}

export interface SshOptions {
  /** When the script is given up, in seconds; 20 when left out. */
  readonly seconds?: number;
  /** Told each line of the script's standard error as it comes. */
  readonly tell?: (line: string) => void;
  /** Follows the script on its standard input: what it reads there after its own last line. */
  readonly input?: Readable;
  /** Takes what the script prints, byte by byte; nothing is given back then. */
  readonly output?: Writable;
}

/** Runs a script on the machine at an address; gives what it printed, rejects with its or ssh's last words. */
export type SshRun = (address: string, script: string, options?: SshOptions) => Promise<string>;

/** The connection did not come about, so that nothing of the script has run. */
export class NoConnection extends Error {}

/** Runs `action` with a function that reaches machines; key and host keys lie in a private folder meanwhile. */
export async function withMachines<T>(
  login: SshLogin,
  action: (run: SshRun) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), "homelab-ssh-"));
  try {
    const [key, hosts] = [join(directory, "key"), join(directory, "known_hosts")];
    await writeFile(key, login.privateKey, { mode: 0o600 });
    await writeFile(hosts, login.knownHosts, { mode: 0o600 });
    const options = [
      ...["-F", "none", "-i", key, "-o", `UserKnownHostsFile=${hosts}`],
      ...["-o", "GlobalKnownHostsFile=none", "-o", "StrictHostKeyChecking=yes"],
      ...["-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "ConnectTimeout=8"],
      ...["-o", "ServerAliveInterval=15", "-o", "LogLevel=ERROR"],
    ];
    return await action((address, script, how) =>
      overSsh([...options, `root@${address}`, "bash -s"], script, how),
    );
  } finally {
    await rm(directory, { recursive: true });
  }
}

function overSsh(
  args: readonly string[],
  script: string,
  { seconds = 20, tell = () => undefined, input, output }: SshOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn("ssh", [...args], { timeout: seconds * 1000 });
    let stdout = "";
    const said: string[] = [];
    if (output === undefined)
      child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    else child.stdout.pipe(output);
    createInterface({ input: child.stderr }).on("line", (line) => {
      if (line.trim() === "") return;
      said.push(line);
      tell(line);
    });
    child.once("error", (error: NodeJS.ErrnoException) => {
      reject(error.code === "ENOENT" ? new Error("ssh is not installed") : error);
    });
    child.once("close", (code, signal) => {
      if (code === 0) return resolve(stdout);
      // ssh itself ends with 255 (ssh(1), EXIT STATUS).
      if (code === 255) return reject(new NoConnection(said.at(-1) ?? "the connection broke"));
      reject(new Error(signal === null ? said.join("\n") : `no end within ${seconds} s`));
    });
    // A connection that fails leaves the script unread; ssh's own words are the error.
    child.stdin.on("error", () => undefined);
    if (input === undefined) child.stdin.end(script);
    else {
      child.stdin.write(script);
      input.pipe(child.stdin);
    }
  });
}
