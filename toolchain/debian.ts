/** The Debian packages that the lab's machines, routers and checks are made of. */
import { execFile } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { chmod, rm, writeFile } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A program that must be there, by a pattern where its release is in the path, and the package that brings it. */
const needed: Readonly<Record<string, string>> = {
  "/usr/sbin/bird": "bird2",
  "/usr/bin/bwrap": "bubblewrap",
  "/usr/sbin/sshd": "openssh-server",
  "/usr/bin/ssh": "openssh-client",
  "/usr/sbin/dnsmasq": "dnsmasq-base",
  "/usr/sbin/ip": "iproute2",
  "/usr/bin/curl": "curl",
  "/usr/bin/flock": "util-linux",
  "/usr/bin/jq": "jq",
  "/usr/sbin/sysctl": "procps",
  "/usr/bin/shellcheck": "shellcheck",
  "/usr/bin/prometheus-node-exporter": "prometheus-node-exporter",
  "/usr/lib/postgresql/*/bin/postgres": "postgresql",
  "/usr/bin/redis-server": "redis-server",
  "/usr/bin/rclone": "rclone",
};
/** Only a lab without root maps a range of users. */
const neededRootless: Readonly<Record<string, string>> = { "/usr/bin/newuidmap": "uidmap" };

/** Programs that stand in images of pods as Debian has built them. */
export const debianPodPrograms: readonly string[] = ["/usr/bin/prometheus-node-exporter"];

/** Every program that somebody needs, with its package. */
export const neededPrograms = (
  root: boolean,
): readonly (readonly [program: string, name: string])[] =>
  Object.entries({
    ...needed,
    ...(root ? {} : neededRootless),
  });

/** Packages whose program is missing; merged and unmerged /usr are both looked at. */
export function missingPackages(root: boolean): string[] {
  return neededPrograms(root)
    .filter(([program]) => globSync([program, program.replace("/usr", "")]).length === 0)
    .map(([, name]) => name)
    .filter((name, index, all) => all.indexOf(name) === index);
}

/**
 * Installs what is missing when root. Services that the packages bring are not started (Debian's
 * policy-rc.d): the lab runs its own inside its namespaces.
 * Throws one line with the command to run when not root, or when apt-get fails.
 */
export async function ensurePackages(report: (detail: string) => void): Promise<void> {
  const root = process.getuid?.() === 0;
  const missing = missingPackages(root);
  if (missing.length === 0) {
    report("all there");
    return;
  }
  const command = `apt-get install -y --no-install-recommends ${missing.join(" ")}`;
  if (!root) throw new Error(`Debian packages are missing; install them with: sudo ${command}`);
  report(`installing ${missing.join(", ")}`);
  const policy = "/usr/sbin/policy-rc.d";
  const ownPolicy = !existsSync(policy);
  if (ownPolicy) {
    await writeFile(policy, "#!/bin/sh\nexit 101\n");
    await chmod(policy, 0o755);
  }
  const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  try {
    await run("apt-get", ["update", "-qq"], { env: environment });
    await run("apt-get", command.split(" ").slice(1), { env: environment, maxBuffer: 64 << 20 });
  } catch (error) {
    const text = (error as { stderr?: string }).stderr ?? String(error);
    throw new Error(`${command} failed: ${text.trim().split("\n").slice(-3).join("; ")}`, {
      cause: error,
    });
  } finally {
    if (ownPolicy) await rm(policy);
  }
}
