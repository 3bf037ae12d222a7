/** Where a lab keeps what it has. One clone has one lab. */
import { createHash } from "node:crypto";
import { lstat, mkdir, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** Absolute paths of a lab's parts. */
export interface LabPaths {
  /** The clone that the lab belongs to. */
  readonly clone: string;
  /** Everything that `reset` removes. */
  readonly state: string;
  readonly ca: string;
  readonly logs: string;
  /** Pulumi's file backend. */
  readonly pulumi: string;
  readonly pulumiHome: string;
  /** HOME of commands that run inside the lab. */
  readonly home: string;
  readonly hosts: string;
  readonly machines: string;
  /** Files of the running lab: process, generated configs. */
  readonly run: string;
  /** Directory for Unix sockets; short, because their paths end at 107 bytes (unix(7)). */
  readonly sockets: string;
  /** Socket of the control API. */
  readonly control: string;
  /** What the mirrors keep between labs; shared by clones. */
  readonly mirrorCache: string;
  /** Real charts that were downloaded; shared by clones. */
  readonly charts: string;
}

/**
 * The lab of this clone. `HOMELAB_LAB` names another state directory, for a second lab beside it, such as that of
 * a test.
 */
export function labPaths(env: NodeJS.ProcessEnv = process.env): LabPaths {
  const clone = resolve(import.meta.dirname, "../..");
  const state = resolve(env["HOMELAB_LAB"] ?? join(clone, ".lab"));
  const digest = createHash("sha256").update(state).digest("hex").slice(0, 12);
  const sockets = join("/tmp", `homelab-${digest}`);
  const cache = env["XDG_CACHE_HOME"] ?? join(env["HOME"] ?? homedir(), ".cache");
  return {
    clone,
    state,
    ca: join(state, "ca"),
    logs: join(state, "logs"),
    pulumi: join(state, "pulumi"),
    pulumiHome: join(state, "pulumi-home"),
    home: join(state, "home"),
    hosts: join(state, "hosts"),
    machines: join(state, "machines"),
    run: join(state, "run"),
    sockets,
    control: join(sockets, "control.sock"),
    mirrorCache: join(cache, "homelab", "mirrors"),
    charts: join(cache, "homelab", "charts"),
  };
}

/** Creates the directories of a lab; throws when the socket directory belongs to somebody else. */
export async function createDirectories(paths: LabPaths): Promise<void> {
  const { ca, logs, pulumi, pulumiHome, home, hosts, machines, run, mirrorCache } = paths;
  for (const directory of [ca, logs, pulumi, pulumiHome, home, hosts, machines, run, mirrorCache]) {
    await mkdir(directory, { recursive: true });
  }
  // The CLI logs all that it does, packed, for half of its processor time, and has no switch for that. Where its folder cannot be
  // made it goes on without (pulumi, pkg/logging/encrypted.go: StartLogging).
  const cliLogs = join(pulumiHome, "logs");
  await rm(cliLogs, { recursive: true, force: true });
  await writeFile(cliLogs, "");
  await mkdir(paths.sockets, { recursive: true, mode: 0o700 });
  const owner = await lstat(paths.sockets);
  if (!owner.isDirectory() || owner.uid !== process.getuid?.() || (owner.mode & 0o077) !== 0) {
    throw new Error(
      `${paths.sockets}: must be a directory that only you can enter; remove it (others share ${tmpdir()}) and try again`,
    );
  }
}
