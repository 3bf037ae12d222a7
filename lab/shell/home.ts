/** HOME of the lab's shell: kubeconfig, ssh keys and known hosts as the stacks' outputs give them. */
import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { LabPaths } from "../host/paths.ts";
import { readStacks } from "../host/stacks.ts";
import { lanDomain } from "../network/dns.ts";
import type { Credentials } from "../world/credentials.ts";
import { sites } from "../world/inventory.ts";
import { mergeKubeconfigs } from "./kubeconfig.ts";
import { sshConfig, withNames } from "./ssh-files.ts";

const outputs = z.object({
  kubeconfig: z.string().optional(),
  sshPrivateKey: z.string().optional(),
  knownHosts: z.string().optional(),
});

/** What the shell uses of each stack, and the age of the state that it was read from. */
const remembered = z.record(z.string(), z.object({ modified: z.number(), outputs }));

type Remembered = z.infer<typeof remembered>;

/** Names and addresses of machines, to reach them by either. */
export type Named = readonly { readonly name: string; readonly address?: string }[];

/** ssh's configuration inside the lab; bound over the system's, because ssh does not look at HOME. */
export const sshConfigFile = (paths: LabPaths): string => join(paths.run, "etc", "ssh_config");

/** Creates what every shell has, stacks or not. Run before the lab's namespaces are made. */
export async function prepareHome(paths: LabPaths, credentials: Credentials): Promise<void> {
  await mkdir(join(paths.run, "etc"), { recursive: true });
  await mkdir(join(paths.home, ".kube"), { recursive: true });
  await mkdir(join(paths.home, ".ssh"), { recursive: true, mode: 0o700 });
  await writeFile(join(paths.home, ".bashrc"), 'PS1="(lab) \\w\\\\$ "\nalias k=kubectl\n');
  await secret(proxmoxKey(paths), credentials.ssh.privateKey);
  // The first shell asks the stacks again: machines may have other names by then.
  await rm(memory(paths), { force: true });
  await writeHome(paths, {}, []);
}

/**
 * Brings HOME up to date with the stacks. `ask` gives a stack's outputs, secrets included; it is only called for
 * stacks whose state has changed. `machines` is asked for when something has.
 */
export async function refreshHome(
  paths: LabPaths,
  ask: (stack: string) => Promise<unknown>,
  machines: () => Promise<Named>,
): Promise<void> {
  const before = await recall(paths);
  const now: Remembered = {};
  let changed = false;
  for (const { name, modified, outputs: stored } of await readStacks(paths.pulumi)) {
    const known = before[name];
    if (known?.modified === modified) {
      now[name] = known;
      continue;
    }
    const interesting = Object.keys(outputs.shape).some((key) => key in stored);
    const read = interesting ? outputs.parse(await ask(name)) : {};
    now[name] = { modified, outputs: read };
    changed ||= JSON.stringify(known?.outputs ?? {}) !== JSON.stringify(read);
  }
  changed ||= Object.keys(before).some((name) => !(name in now));
  if (changed) await writeHome(paths, now, await machines());
  await secret(memory(paths), JSON.stringify(now));
}

async function writeHome(paths: LabPaths, stacks: Remembered, machines: Named): Promise<void> {
  const entries = Object.entries(stacks);
  const kubeconfigs = entries.flatMap(
    ([
      stack,
      {
        outputs: { kubeconfig },
      },
    ]) => (kubeconfig === undefined ? [] : [{ stack, kubeconfig }]),
  );
  await secret(join(paths.home, ".kube", "config"), mergeKubeconfigs(kubeconfigs));
  const ssh = join(paths.home, ".ssh");
  const identities: string[] = [];
  for (const [
    stack,
    {
      outputs: { sshPrivateKey },
    },
  ] of entries) {
    if (sshPrivateKey === undefined) continue;
    const file = join(ssh, `id_${stack}`);
    // OpenSSH refuses a key whose last line is not ended.
    await secret(file, `${sshPrivateKey.trimEnd()}\n`);
    identities.push(file);
  }
  const knownHosts = join(ssh, "known_hosts");
  const pinned = entries
    .map(
      ([
        ,
        {
          outputs: { knownHosts: lines = "" },
        },
      ]) => lines,
    )
    .join("\n");
  await writeFile(knownHosts, withNames(pinned, machines));
  const config = sshConfig({
    identities: [...identities, proxmoxKey(paths)],
    knownHosts,
    learnedHosts: join(ssh, "known_hosts_proxmox"),
    proxmoxHosts: sites.flatMap((site) =>
      site.hosts.flatMap(({ name, address }) => [name, `${name}.${lanDomain(site)}`, address]),
    ),
  });
  await writeFile(join(ssh, "config"), config);
  // In place: the file is bound into the lab's namespaces by its inode.
  await writeFile(sshConfigFile(paths), config);
}

const memory = (paths: LabPaths): string => join(paths.home, ".stacks.json");
const proxmoxKey = (paths: LabPaths): string => join(paths.home, ".ssh", "id_proxmox");

async function recall(paths: LabPaths): Promise<Remembered> {
  try {
    return remembered.parse(JSON.parse(await readFile(memory(paths), "utf8")));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    // Written by another version of the lab: the stacks are asked again.
    await rm(memory(paths), { force: true });
    return {};
  }
}

async function secret(file: string, content: string): Promise<void> {
  // Two commands of one process may write at the same time.
  const beside = `${file}.${randomUUID()}`;
  await writeFile(beside, content, { mode: 0o600 });
  await rename(beside, file);
}
