import { execFile } from "node:child_process";
import {
  chmod,
  cp,
  lstat,
  mkdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { existsSync } from "node:fs";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { promisify } from "node:util";

/** Accounts of a fresh machine: Debian's fixed ids. `*` bars passwords but, unlike `!`, not keys. */
const accounts = [
  "root:x:0:0:root:/root:/bin/bash",
  "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin",
  "bin:x:2:2:bin:/bin:/usr/sbin/nologin",
  "sys:x:3:3:sys:/dev:/usr/sbin/nologin",
  "man:x:6:12:man:/var/cache/man:/usr/sbin/nologin",
  "mail:x:8:8:mail:/var/mail:/usr/sbin/nologin",
  "www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin",
  "_apt:x:42:65534::/nonexistent:/usr/sbin/nologin",
  "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin",
  "sshd:x:989:65534::/run/sshd:/usr/sbin/nologin",
];

const groups: readonly (readonly [string, number])[] = [
  ["root", 0],
  ["daemon", 1],
  ["bin", 2],
  ["sys", 3],
  ["adm", 4],
  ["tty", 5],
  ["disk", 6],
  ["mail", 8],
  ["man", 12],
  ["dialout", 20],
  ["cdrom", 24],
  ["floppy", 25],
  ["sudo", 27],
  ["audio", 29],
  ["dip", 30],
  ["www-data", 33],
  ["shadow", 42],
  ["utmp", 43],
  ["video", 44],
  ["plugdev", 46],
  ["staff", 50],
  ["users", 100],
  ["netdev", 109],
  ["nogroup", 65534],
];

const osRelease = `PRETTY_NAME="Debian GNU/Linux 13 (trixie), simulated machine"
NAME="Debian GNU/Linux"
VERSION_ID="13"
VERSION="13 (trixie)"
VERSION_CODENAME=trixie
DEBIAN_VERSION_FULL=13.1
ID=debian
VARIANT="Homelab lab machine"
VARIANT_ID=homelab-lab
HOME_URL="https://www.debian.org/"
`;

// What Debian ships, less PAM: accounts are the machine's own files, and passwords are not used.
const sshdConfig = `Include /etc/ssh/sshd_config.d/*.conf
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
X11Forwarding no
PrintMotd no
AcceptEnv LANG LC_*
Subsystem sftp internal-sftp
`;

const nsswitch = ["passwd", "group", "shadow"]
  .map((name) => `${name}: files\n`)
  .concat("hosts: files dns\n", "networks: files\n", "protocols: files\n", "services: files\n")
  .join("");

/** Files of a fresh root tree, path to content and mode. */
export function freshFiles(
  machineId: string,
): Record<string, { readonly content: string; readonly mode?: number }> {
  const shadow = accounts.map((line) => `${line.split(":", 1)[0] ?? ""}:*:20000:0:99999:7:::\n`);
  return {
    "etc/passwd": { content: accounts.map((line) => `${line}\n`).join("") },
    "etc/group": { content: groups.map(([name, id]) => `${name}:x:${id}:\n`).join("") },
    "etc/shadow": { content: shadow.join(""), mode: 0o640 },
    "etc/gshadow": { content: groups.map(([name]) => `${name}:*::\n`).join(""), mode: 0o640 },
    "etc/nsswitch.conf": { content: nsswitch },
    "etc/hosts": { content: "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n" },
    "etc/os-release": { content: osRelease },
    "etc/debian_version": { content: "13.1\n" },
    "etc/machine-id": { content: `${machineId}\n`, mode: 0o444 },
    "etc/timezone": { content: "Etc/UTC\n" },
    "etc/shells": { content: "/bin/sh\n/bin/bash\n" },
    "etc/profile": {
      content: 'PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"\nexport PATH\n',
    },
    "etc/environment": { content: "" },
    "etc/fstab": {
      content: "# The root file system is the lab's directory; there is nothing to mount.\n",
    },
    "etc/host.conf": { content: "multi on\n" },
    "etc/ssh/sshd_config": { content: sshdConfig },
    "etc/ssl/openssl.cnf": { content: "# OpenSSL's defaults apply.\n" },
    "etc/sysctl.conf": { content: "" },
    "etc/modules": { content: "" },
    "root/.profile": { content: "mesg n 2> /dev/null || true\n" },
  };
}

/** Services that a fresh machine starts at boot and that its owner may disable. */
const enabledServices = ["ssh.service", "systemd-timesyncd.service"];

/** dpkg's database of a cloud image, from the list of known packages: name, version, and `image` for those in it. */
export function dpkgStatus(known: string, architecture: string): string {
  return known
    .split("\n")
    .map((line) => line.split(" "))
    .filter(([, , origin]) => origin === "image")
    .map(
      ([name, version]) =>
        `Package: ${name ?? ""}\nStatus: install ok installed\nPriority: optional\nSection: misc\n` +
        `Maintainer: Lab <lab@invalid>\nArchitecture: ${architecture}\nVersion: ${version ?? ""}\n` +
        "Description: recorded by the lab, not unpacked\n\n",
    )
    .join("");
}

const directories = [
  "boot dev etc/default etc/modules-load.d etc/modprobe.d etc/ssh/sshd_config.d etc/ssl/certs etc/ssl/private",
  "etc/sudoers.d etc/sysctl.d etc/systemd/system/multi-user.target.wants etc/apt/sources.list.d etc/skel",
  "etc/alternatives home media mnt opt proc run srv sys usr/local/bin usr/local/sbin usr/local/lib/systemd/system",
  "usr/local/etc usr/local/share var/cache var/lib/cloud/data var/lib/dpkg/info var/lib/dpkg/updates var/lib/apt/lists var/log/journal var/spool",
  "var/tmp root/.ssh",
].flatMap((line) => line.split(" "));

/** Parts of the lab's /etc without which its /usr does not work, shown to machines read-only. */
export const hostEtc = ["/etc/alternatives", "/etc/ld.so.cache"].filter((path) => existsSync(path));

/** Files that a fresh machine copies where the lab has them: number-to-name tables that never differ. */
const copied = ["etc/protocols", "etc/services", "etc/login.defs"];

async function linkTop(root: string): Promise<void> {
  for (const name of ["bin", "sbin", "lib", "lib32", "lib64", "libx32"]) {
    const original = await lstat(`/${name}`).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    });
    if (original === undefined) continue;
    if (!original.isSymbolicLink()) {
      throw new Error(
        `machines: /${name} is not a link into /usr; the lab needs a system with a merged /usr`,
      );
    }
    await symlink(await readlink(`/${name}`), join(root, name));
  }
}

/** True when the machine's disk exists. */
export const diskExists = (root: string): boolean => existsSync(root);

/**
 * Lays a fresh root tree at `root`. It appears whole or not at all: a kill in the middle leaves only a directory
 * that the next call replaces.
 */
export async function layDisk(root: string): Promise<void> {
  const building = `${root}.new`;
  await rm(building, { recursive: true, force: true });
  await mkdir(building, { recursive: true, mode: 0o755 });
  for (const directory of directories) await mkdir(join(building, directory), { recursive: true });
  for (const [path, mode] of [
    ["root", 0o700],
    ["root/.ssh", 0o700],
    ["var/tmp", 0o1777],
    ["etc/ssl/private", 0o700],
  ] as const) {
    await chmod(join(building, path), mode);
  }
  await mkdir(join(building, "tmp"));
  await chmod(join(building, "tmp"), 0o1777);
  for (const [path, { content, mode }] of Object.entries(
    freshFiles(randomUUID().replaceAll("-", "")),
  )) {
    await writeFile(join(building, path), content);
    await chmod(join(building, path), mode ?? 0o644);
  }
  await symlink("/usr/share/zoneinfo/Etc/UTC", join(building, "etc/localtime"));
  await symlink("/proc/self/mounts", join(building, "etc/mtab"));
  await symlink("/run", join(building, "var/run"));
  const known = await readFile(
    new URL("rootfs/usr/lib/lab/packages/known", import.meta.url),
    "utf8",
  );
  const architecture = process.arch === "arm64" ? "arm64" : "amd64";
  await writeFile(join(building, "var/lib/dpkg/status"), dpkgStatus(known, architecture));
  for (const service of enabledServices) {
    const link = join(building, "etc/systemd/system/multi-user.target.wants", service);
    await symlink(`/usr/lib/systemd/system/${service}`, link);
  }
  for (const path of copied) {
    if (existsSync(`/${path}`)) await cp(`/${path}`, join(building, path), { dereference: true });
  }
  for (const path of hostEtc) {
    if (path === "/etc/alternatives") continue;
    await writeFile(join(building, path), "");
  }
  await linkTop(building);
  await rename(building, root);
}

/** The last lines of a text file, for error messages; a missing file has none. */
export async function lastLines(path: string, count: number): Promise<string> {
  try {
    return (await readFile(path, "utf8")).trimEnd().split("\n").slice(-count).join("\n");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}

/** Removes a directory with files of any of the lab's users. */
export async function removeTree(path: string): Promise<void> {
  // rm(1) copes with trees that change or that hold names which are not UTF-8.
  await promisify(execFile)("rm", ["-rf", "--one-file-system", "--", path]);
}
