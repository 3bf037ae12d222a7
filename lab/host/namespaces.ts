/** The namespaces that a lab lives in: made by unshare(1), entered by nsenter(1), as root or as anybody. */
import { readFile } from "node:fs/promises";
import { run } from "./command.ts";

/** Network, mounts and processes of its own; the last process to end takes all with it. */
const own = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
/** Root inside without being root outside; machines need the further ids of /etc/subuid. */
const user = ["--user", "--map-root-user", "--map-auto"];

export const isRoot = (): boolean => process.getuid?.() === 0;

/** Arguments of unshare(1) for a new lab. */
export function unshareArguments(root: boolean): string[] {
  return [...(root ? [] : user), ...own];
}

/**
 * Arguments of nsenter(1) for a lab that `unshare` with this process id made. Unshare itself stays outside of the
 * process namespace that it made for its children.
 */
export function nsenterArguments(pid: number, root: boolean): string[] {
  const namespace = (file: string): string => `/proc/${pid}/ns/${file}`;
  return [
    ...(root ? [] : [`--user=${namespace("user")}`]),
    `--net=${namespace("net")}`,
    `--mount=${namespace("mnt")}`,
    `--pid=${namespace("pid_for_children")}`,
  ];
}

/** Runs a command as root of a user namespace, where files of the machines' other users can be removed. */
export async function asNamespaceRoot(command: readonly string[]): Promise<void> {
  const result = await run("unshare", [...user, ...command]);
  if (result.code !== 0) throw new Error(`${command.join(" ")}: ${result.stderr.trim()}`);
}

/** Throws one line that says what to do when this machine does not allow the namespaces. */
export async function checkNamespaces(): Promise<void> {
  const root = isRoot();
  const result = await run("unshare", [...unshareArguments(root), "true"]);
  if (result.code === 0) return;
  throw new Error(await namespaceRefusal(result.stderr.trim(), root));
}

/** What to do about unshare's complaint. */
async function namespaceRefusal(complaint: string, root: boolean): Promise<string> {
  const setting = async (name: string): Promise<string | undefined> => {
    try {
      return (await readFile(`/proc/sys/${name}`, "utf8")).trim();
    } catch {
      // Kernels without the setting have nothing to switch on.
      return undefined;
    }
  };
  return explainRefusal(complaint, {
    root,
    clone: await setting("kernel/unprivileged_userns_clone"),
    apparmor: await setting("kernel/apparmor_restrict_unprivileged_userns"),
    maximum: await setting("user/max_user_namespaces"),
  });
}

/** Settings of the kernel that decide who may make namespaces; undefined where the kernel has no such setting. */
export interface NamespaceSettings {
  readonly root: boolean;
  readonly clone?: string;
  readonly apparmor?: string;
  readonly maximum?: string;
}

/** One line for the person at the keyboard. */
export function explainRefusal(complaint: string, settings: NamespaceSettings): string {
  const say = (advice: string): string =>
    `the lab cannot have namespaces of its own: ${advice} (${complaint})`;
  if (/unrecognized option|invalid option/.test(complaint)) {
    return say("unshare is too old; install util-linux 2.38 or newer");
  }
  if (settings.root) {
    return say("this container lacks CAP_SYS_ADMIN; start it with --privileged, or use a machine");
  }
  if (
    /newuidmap|newgidmap/.test(complaint) &&
    /No such file|not found|failed to execute/i.test(complaint)
  ) {
    return say("newuidmap is missing; run: sudo apt-get install uidmap");
  }
  if (/subuid|subgid|newuidmap|newgidmap/.test(complaint)) {
    return say(
      "you have no range of ids; run: sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $USER",
    );
  }
  if (settings.clone === "0") {
    return say(
      "the kernel forbids it to users; run: sudo sysctl kernel.unprivileged_userns_clone=1",
    );
  }
  if (settings.apparmor === "1") {
    return say(
      "AppArmor forbids it; run: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0",
    );
  }
  if (settings.maximum === "0") {
    return say("the kernel allows none; run: sudo sysctl user.max_user_namespaces=15000");
  }
  return say("run as root, or on a machine that allows user namespaces");
}
