/** Makes every tool ready: from the cache, else downloaded, else built. */
import { readdir, rm, symlink } from "node:fs/promises";
import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { build } from "./build.ts";
import { cached, cachedAll, type Entry, type Slot } from "./cache.ts";
import { debianPodPrograms } from "./debian.ts";
import { download } from "./download.ts";
import { tools, type Tool } from "./pins.ts";
import type { Report } from "./progress.ts";
import { ensureRepositories } from "./repositories.ts";
import { sourceHashes } from "./sources.ts";

/** Paths of the tools that are ready. */
export interface Tools {
  /** Directory with pulumi, helm, kubectl, etcdctl, etcdutl, Prometheus, Alertmanager and the tools of both, for PATH. */
  readonly bin: string;
  /** Directory with etcd and the Kubernetes programs that machines run. */
  readonly kubernetesBin: string;
  /** Program that plays a machine's init and its systemctl. */
  readonly guest: string;
  /** The stand-in for `rke2`. */
  readonly rke2: string;
  /** The stand-in for `tailscale` and `tailscaled`, chosen by the name that it is called by. */
  readonly tailscale: string;
  /** Multi-call program of the stand-in plugins. */
  readonly plugins: string;
  /** The stand-in plugin for Kubernetes. */
  readonly kubernetesPlugin: string;
  /** Files of other projects' repositories, at REPOSITORY/TAG/PATH. */
  readonly repositories: string;
  /** Directory with the programs of the machines' pods. */
  readonly podPrograms: string;
  /** What plays Let's Encrypt. */
  readonly acme: string;
}

/** A tool's place in the cache. */
interface CachedTool extends Entry {
  readonly tool: Tool;
}

async function entriesOf(list: readonly Tool[]): Promise<CachedTool[]> {
  const hashes = await sourceHashes(list);
  return list.map((tool, index) => ({
    name: tool.name,
    key: `${tool.version}-${hashes[index] ?? ""}`,
    tool,
  }));
}

const title = ({ name, version }: Tool): string =>
  version === "own" || version === "locked" ? name : `${name} ${version}`;

/** Takes a tool from where it is published; false where that host is out of reach. */
async function fetched(
  { entry: { tool }, directory }: Slot<CachedTool>,
  report: Report,
): Promise<boolean> {
  if (tool.downloads === undefined) return false;
  report(`downloading ${title(tool)}`);
  try {
    for (const item of tool.downloads) await download(item, directory);
    report(`${title(tool)} is downloaded`);
    return true;
  } catch (error) {
    // A network without the download hosts is an expected place to work in: say why, and build.
    for (const file of await readdir(directory))
      await rm(join(directory, file), { recursive: true });
    report(
      `${title(tool)} comes from source: ${error instanceof Error ? error.message : String(error)}`,
    );
    return false;
  }
}

/** Makes the tools that the cache lacks: downloads what is published, and builds the rest. */
async function provide(missing: readonly Slot<CachedTool>[], report: Report): Promise<void> {
  const left = await Promise.all(
    missing.map(async (slot) => {
      if (!(await fetched(slot, report))) return [slot];
      await slot.keep();
      return [];
    }),
  );
  const slots = left.flat();
  await build(
    slots.map(({ entry, directory }) => ({ tool: entry.tool, directory })),
    report,
  );
  for (const slot of slots) await slot.keep();
}

/** Directory of symlinks to programs that are called by name. */
async function linked(name: string, programs: readonly string[]): Promise<string> {
  const key = createHash("sha256").update(programs.join("\n")).digest("hex").slice(0, 16);
  return cached(name, key, async (directory) => {
    for (const program of programs) await symlink(program, join(directory, basename(program)));
  });
}

/** The first program of one tool alone, for commands that need no lab. */
export async function ensureTool(tool: Tool, report: Report): Promise<string> {
  const [directory = ""] = await cachedAll("tools", await entriesOf([tool]), (missing) =>
    provide(missing, report),
  );
  return join(directory, tool.programs[0] ?? tool.name);
}

/** Everything that the lab and its tests need. Calls can run side by side; the first one works, others wait. */
export async function ensureTools(report: Report): Promise<Tools> {
  const list = Object.values<Tool>(tools);
  report("looking for the tools in the cache; the first time Go downloads its modules");
  const entries = await entriesOf(list);
  report(() => "another run makes the tools; waiting for it");
  const directories = await cachedAll("tools", entries, async (missing) => {
    report(() => "");
    const kept = entries.filter((entry) => !missing.some((slot) => slot.entry === entry));
    if (kept.length > 0) report(`${kept.map(({ tool }) => title(tool)).join(", ")}: in the cache`);
    await provide(missing, report);
  });
  const at = ({ name }: Tool, program: string = name): string =>
    join(directories[list.findIndex((tool) => tool.name === name)] ?? "", program);
  const bin = await linked("bin", [
    at(tools.pulumi),
    at(tools.helm),
    at(tools.kubectl),
    ...["etcdctl", "etcdutl"].map((program) => at(tools.kubernetes, program)),
    at(tools.promtool),
    at(tools.amtool),
    at(tools.prometheus),
    at(tools.alertmanager),
  ]);
  const kubernetesBin = await linked("kubernetes-programs", [
    ...tools.kubernetes.programs.map((program) => at(tools.kubernetes, program)),
    at(tools.kubectl),
  ]);
  const repositories = await ensureRepositories();
  const podPrograms = await linked("pod-programs", [
    ...list
      .filter(({ forPods }) => forPods === true)
      .flatMap((tool) => tool.programs.map((program) => at(tool, program))),
    ...debianPodPrograms,
  ]);
  report("ready");
  return {
    repositories,
    bin,
    kubernetesBin,
    guest: at(tools.guest),
    rke2: at(tools.rke2),
    tailscale: at(tools.tailscale),
    plugins: at(tools.plugins),
    kubernetesPlugin: at(tools.kubernetesPlugin),
    podPrograms,
    acme: at(tools.acme),
  };
}
