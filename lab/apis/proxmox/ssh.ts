import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** An address and port to listen at. */
export interface ListenAddress {
  readonly address: string;
  /** 0 takes any free port. */
  readonly port: number;
}

/** sshd of one Proxmox host. */
export interface HostSsh {
  readonly at: ListenAddress;
  /** Ends sshd with every session. */
  close(): Promise<void>;
}

/** What `startHostSsh` needs. */
export interface HostSshOptions {
  readonly node: string;
  /** The host's folder: `var/lib/vz` is shared with the API, `etc` holds keys and settings. */
  readonly root: string;
  /** Folders of the storages that all hosts share, by their path on a host. */
  readonly shared: Readonly<Record<string, string>>;
  /** OpenSSH public key of root. */
  readonly authorizedKey: string;
  readonly listen: ListenAddress;
  readonly logFile?: string;
}

/** Seconds within which sshd must accept connections. */
const startSeconds = 15;

/** Stand-ins of Proxmox's own commands, beside this file. */
const commands = fileURLToPath(new URL("host-commands", import.meta.url));

/**
 * Starts a real sshd as a Proxmox host has it: root by key, SFTP, and the host's `/var/lib/vz`,
 * inside a sandbox that sees nothing else of the machine but its programs.
 * @throws with sshd's own words when it does not accept connections in time.
 */
export async function startHostSsh(options: HostSshOptions): Promise<HostSsh> {
  prepareFiles(options);
  const sandbox = spawn("bwrap", sandboxArguments(options), { stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<string>((resolve) => {
    sandbox.once("error", (error) => {
      resolve(error.message);
    });
    sandbox.once("exit", (code, signal) => {
      resolve(`ended with ${signal ?? `code ${code}`}`);
    });
  });
  let output = "";
  const note = (chunk: Buffer): void => {
    output = (output + chunk.toString("utf8")).slice(-4000);
    if (options.logFile !== undefined)
      appendFileSync(
        options.logFile,
        `${options.node} sshd: ${chunk.toString("utf8").trimEnd()}\n`,
      );
  };
  sandbox.stdout.on("data", note);
  sandbox.stderr.on("data", note);
  try {
    await accepting(options.listen, ended);
  } catch (error) {
    sandbox.kill("SIGKILL");
    await ended;
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`sshd of host ${options.node}: ${reason}: ${output.trim()}`, { cause: error });
  }
  return { at: options.listen, close: () => stop(sandbox, ended) };
}

async function stop(sandbox: ChildProcess, ended: Promise<string>): Promise<void> {
  // The sandbox is a PID namespace: with its first process every session ends.
  sandbox.kill("SIGKILL");
  await ended;
}

function prepareFiles({ root, authorizedKey, listen, node }: HostSshOptions): void {
  const etc = join(root, "etc");
  mkdirSync(join(etc, "ssh"), { recursive: true });
  mkdirSync(join(root, "var/lib/vz"), { recursive: true });
  mkdirSync(join(root, "root/.ssh"), { recursive: true, mode: 0o700 });
  const key = join(etc, "ssh/ssh_host_ed25519_key");
  if (!existsSync(key))
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", `root@${node}`, "-f", key]);
  const write = (name: string, text: string, mode = 0o644): void => {
    writeFileSync(join(root, name), text, { mode });
  };
  write("root/.ssh/authorized_keys", `${authorizedKey.trim()}\n`, 0o600);
  // The user for privilege separation is root as well: in a rootless lab there is no second id.
  write(
    "etc/passwd",
    "root:x:0:0:root:/root:/bin/bash\nsshd:x:0:0:sshd:/run/sshd:/usr/sbin/nologin\n",
  );
  write("etc/group", "root:x:0:\n");
  write("etc/hostname", `${node}\n`);
  write("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n");
  write("etc/hosts", `127.0.0.1 localhost\n${listen.address} ${node}\n`);
  write(
    "etc/ssh/sshd_config",
    [
      `ListenAddress ${listen.address}:${listen.port}`,
      "HostKey /etc/ssh/ssh_host_ed25519_key",
      "PidFile none",
      "PermitRootLogin prohibit-password",
      "PasswordAuthentication no",
      "KbdInteractiveAuthentication no",
      "StrictModes no",
      "UsePAM no",
      "UseDNS no",
      "PrintMotd no",
      "PrintLastLog no",
      "X11Forwarding no",
      "MaxSessions 100",
      "MaxStartups 100:30:200",
      "SetEnv PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "Subsystem sftp internal-sftp",
      "",
    ].join("\n"),
  );
}

function sandboxArguments({ root, node, shared }: HostSshOptions): string[] {
  const links = ["bin", "lib", "lib64", "sbin"].flatMap((name) => [
    ...["--symlink", `usr/${name}`, `/${name}`],
  ]);
  return [
    ...["--ro-bind", "/usr", "/usr", ...links],
    ...["--tmpfs", "/usr/local", "--ro-bind", commands, "/usr/local/sbin"],
    ...["--bind", join(root, "etc"), "/etc", "--bind", join(root, "root"), "/root"],
    ...["--bind", join(root, "var/lib/vz"), "/var/lib/vz"],
    ...Object.entries(shared).flatMap(([path, folder]) => ["--bind", folder, path]),
    ...["--tmpfs", "/tmp", "--tmpfs", "/run", "--dir", "/run/sshd", "--dir", "/var/log"],
    ...["--dev", "/dev", "--proc", "/proc"],
    ...["--unshare-pid", "--unshare-uts", "--unshare-ipc", "--hostname", node],
    ...["--die-with-parent", "--new-session", "--cap-add", "ALL", "--clearenv"],
    ...["--setenv", "PATH", "/usr/sbin:/usr/bin:/sbin:/bin", "--chdir", "/"],
    ...["/usr/sbin/sshd", "-D", "-e", "-f", "/etc/ssh/sshd_config"],
  ];
}

/** Resolves once something accepts at the address; rejects when sshd ends or time is up. */
async function accepting({ address, port }: ListenAddress, ended: Promise<string>): Promise<void> {
  const deadline = Date.now() + startSeconds * 1000;
  const gone = ended.then((how) => {
    throw new Error(how);
  });
  for (;;) {
    if (await Promise.race([accepts(address, port), gone])) return;
    if (Date.now() > deadline)
      throw new Error(`does not accept connections at ${address}:${port} within ${startSeconds} s`);
    await Promise.race([new Promise((resolve) => setTimeout(resolve, 20)), gone]);
  }
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => {
      resolve(false);
    });
  });
}
