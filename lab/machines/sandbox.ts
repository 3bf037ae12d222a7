/** Everything that decides how a machine's sandbox looks; all paths are the lab's. */
export interface SandboxSpec {
  readonly hostname: string;
  /** The machine's root tree. */
  readonly disk: string;
  /** Merged /usr: stand-ins over the lab's own. */
  readonly usr: string;
  /** Unit files that belong to the machine's system. */
  readonly units: string;
  readonly guestBinary: string;
  /** Kubernetes binaries, name to file. */
  readonly kubernetesBinaries: Readonly<Record<string, string>>;
  /** Programs of pods, name to file. */
  readonly podPrograms: Readonly<Record<string, string>>;
  /** What volumes hold; all machines share it. */
  readonly volumes: string;
  /** The boot plan as JSON. */
  readonly bootPlan: string;
  /** Directory of the files that say what is wrong with the machine (condition.ts). */
  readonly condition: string;
  /** Files that stand for the kernel's, path in /proc to file. */
  readonly procFiles: Readonly<Record<string, string>>;
  /** Directories of the lab's /etc that belong to its /usr (alternatives, linker cache), shown read-only. */
  readonly hostEtc: readonly string[];
  /** File descriptor that bubblewrap writes its JSON information to. */
  readonly infoFd: number;
}

const pairs = (flag: string, entries: Readonly<Record<string, string>>, prefix: string): string[] =>
  Object.entries(entries).flatMap(([name, file]) => [flag, file, `${prefix}${name}`]);

/**
 * Arguments of bubblewrap for one machine. Its root is its disk, so that whatever it writes outlives it; /usr is
 * read-only and shared; PID 1 is the guest program, so that nothing of the machine outlives it either.
 * https://manpages.debian.org/bookworm/bubblewrap/bwrap.1.en.html
 */
export function sandboxArguments(spec: SandboxSpec): string[] {
  return [
    ...["--unshare-pid", "--unshare-uts", "--unshare-ipc", "--as-pid-1", "--die-with-parent"],
    ...["--hostname", spec.hostname, "--cap-add", "ALL", "--clearenv"],
    ...["--info-fd", String(spec.infoFd)],
    ...["--bind", spec.disk, "/"],
    ...["--ro-bind", spec.usr, "/usr"],
    ...["--bind", `${spec.disk}/usr/local`, "/usr/local"],
    ...["--tmpfs", "/usr/lib/systemd", "--ro-bind", spec.units, "/usr/lib/systemd/system"],
    ...["--ro-bind", spec.guestBinary, "/usr/lib/lab/guest"],
    ...pairs("--ro-bind", spec.kubernetesBinaries, "/usr/lib/lab/bin/"),
    ...pairs("--ro-bind", spec.podPrograms, "/usr/lib/lab/programs/"),
    ...spec.hostEtc.flatMap((path) => ["--ro-bind", path, path]),
    ...["--proc", "/proc"],
    // bubblewrap shows /proc/sys read-only; the network part follows the reader's namespace and is the machine's own.
    ...["--bind", "/proc/sys/net", "/proc/sys/net"],
    ...pairs("--ro-bind", spec.procFiles, "/proc/"),
    ...["--dev", "/dev", "--ro-bind", "/sys", "/sys"],
    ...["--perms", "0755", "--tmpfs", "/run", "--perms", "1777", "--tmpfs", "/tmp"],
    ...["--ro-bind", spec.bootPlan, "/run/lab/boot.json"],
    ...["--bind", spec.volumes, "/run/lab/volumes"],
    ...["--ro-bind", spec.condition, "/run/lab/machine"],
    ...["--bind", `${spec.condition}/layout`, "/run/lab/machine/layout"],
    ...["--chdir", "/", "--", "/usr/lib/lab/guest", "init"],
  ];
}
