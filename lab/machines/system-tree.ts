import { execFile } from "node:child_process";
import { globSync } from "node:fs";
import {
  chmod,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  realpath,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Binaries that stand for the images that a cluster node would pull. */
export const kubernetesNames = [
  "etcd",
  "etcdctl",
  "etcdutl",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubectl",
] as const;

/** Commands of the system that stand-ins of the same name call. */
const wrapped = ["date"] as const;

const guestCommands = ["systemctl", "journalctl", "cloud-init"] as const;

/** The read-only system that all machines share. */
export interface SystemTree {
  /** Merged /usr. */
  readonly usr: string;
  readonly units: string;
  close(): Promise<void>;
}

const isLink = async (path: string): Promise<boolean> => (await lstat(path)).isSymbolicLink();

/**
 * What the image of Postgres with VectorChord has in place of Debian's directories, for each major that is here: theirs, and
 * before them the extensions that stand in rootfs. VectorChord's library is one of theirs that does nothing when it is loaded.
 */
async function layVectorChord(image: string): Promise<void> {
  for (const program of globSync("/usr/lib/postgresql/*/bin/postgres")) {
    const [, major = ""] = /postgresql\/(\d+)\//.exec(program) ?? [];
    const [extension, lib] = [join(image, major, "extension"), join(image, major, "lib")];
    await cp(join(image, "extension"), extension, { recursive: true });
    await cp(`/usr/share/postgresql/${major}/extension`, extension, { recursive: true });
    await mkdir(lib);
    await run("cp", [...globSync(`/usr/lib/postgresql/${major}/lib/*.{so,bc}`), lib]);
    await symlink("lo.so", join(lib, "vchord.so"));
  }
}

/** Lays the upper layer: stand-in commands, the guest program's names and the places that get mounted over. */
async function layTop(top: string, podNames: readonly string[]): Promise<void> {
  const source = new URL("rootfs/usr/", import.meta.url);
  await cp(source, top, { recursive: true, mode: 0 });
  await mkdir(join(top, "bin"), { recursive: true });
  await mkdir(join(top, "local"), { recursive: true });
  await mkdir(join(top, "lib/lab/bin"), { recursive: true });
  await mkdir(join(top, "lib/systemd"), { recursive: true });
  await writeFile(join(top, "lib/lab/guest"), "");
  for (const name of kubernetesNames) await writeFile(join(top, "lib/lab/bin", name), "");
  await mkdir(join(top, "lib/lab/programs"), { recursive: true });
  for (const name of podNames) await writeFile(join(top, "lib/lab/programs", name), "");
  await mkdir(join(top, "lib/lab/system"), { recursive: true });
  for (const name of wrapped)
    await cp(await realpath(`/usr/bin/${name}`), join(top, "lib/lab/system", name));
  await layVectorChord(join(top, "lib/lab/images/vectorchord"));
  for (const name of guestCommands) await symlink("../lib/lab/guest", join(top, "bin", name));
  // A checkout under a strict umask would hide the commands from a machine's other users.
  await run("chmod", ["-R", "a+rX", top]);
  // Where sbin is a link to bin, a directory in the upper layer would hide every command of it.
  if (await isLink("/usr/sbin")) {
    await cp(join(top, "sbin"), join(top, "bin"), { recursive: true });
    await rm(join(top, "sbin"), { recursive: true });
  }
}

/**
 * Puts the stand-ins over the lab's own /usr with an overlay that lives as long as the lab's mount namespace;
 * `podNames` are the programs of pods that get mounted into it.
 */
export async function openSystemTree(podNames: readonly string[]): Promise<SystemTree> {
  const base = await mkdtemp("/run/machines-");
  await chmod(base, 0o755);
  const top = join(base, "top");
  const usr = join(base, "usr");
  await layTop(top, podNames);
  await mkdir(usr);
  try {
    await run("mount", [
      "-t",
      "overlay",
      "overlay",
      "-o",
      `ro,userxattr,lowerdir=${top}:/usr`,
      usr,
    ]);
  } catch (error) {
    throw new Error(
      `machines: cannot overlay /usr; the kernel must allow overlay mounts (Linux 5.11 or newer in a user namespace): ${(error as Error).message}`,
      { cause: error },
    );
  }
  const units = await realpath(new URL("rootfs/units", import.meta.url).pathname);
  return {
    usr,
    units,
    async close() {
      await run("umount", ["--lazy", usr]);
      await rm(base, { recursive: true });
    },
  };
}
