/** Makes every tool ready: from the cache, else downloaded, else built. */
import { readdir, rm, symlink } from "node:fs/promises";
import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { build, sourceHash } from "./build.ts";
import { cached } from "./cache.ts";
import { download } from "./download.ts";
import { tools, type Tool } from "./pins.ts";
import type { Report } from "./progress.ts";

/** Paths of the tools that are ready. */
export interface Tools {
  /** Directory with pulumi, helm, kubectl, etcdctl and etcdutl, for PATH. */
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
}

async function provide(tool: Tool, report: Report): Promise<string> {
  const key = `${tool.version}-${await sourceHash(tool)}`;
  return cached(tool.name, key, async (directory) => {
    if (tool.downloads !== undefined) {
      try {
        report(`downloading ${tool.name} ${tool.version}`);
        for (const item of tool.downloads) await download(item, directory);
        return;
      } catch (error) {
        // A network without the download hosts is an expected place to work in: say why, and build.
        for (const entry of await readdir(directory))
          await rm(join(directory, entry), { recursive: true });
        report(`building ${tool.name} (${error instanceof Error ? error.message : String(error)})`);
      }
    }
    report(`building ${tool.name} ${tool.version}`);
    await build(tool, directory);
  });
}

async function provideInTurn<const T extends readonly Tool[]>(
  list: T,
  report: Report,
): Promise<{ [Index in keyof T]: string }> {
  const directories: string[] = [];
  for (const tool of list) directories.push(await provide(tool, report));
  return directories as { [Index in keyof T]: string };
}

/** Directory of symlinks to the programs that people and scripts call by name. */
async function binDirectory(programs: readonly string[]): Promise<string> {
  const key = createHash("sha256").update(programs.join("\n")).digest("hex").slice(0, 16);
  return cached("bin", key, async (directory) => {
    for (const program of programs) await symlink(program, join(directory, basename(program)));
  });
}

/** Everything that the lab and its tests need. Calls can run side by side; the first one works, others wait. */
export async function ensureTools(report: Report): Promise<Tools> {
  // The engine shares hardly a package with the others, which share the Kubernetes libraries among them.
  const [pulumi, [kubernetes, helm, rke2, tailscale, plugins, kubernetesPlugin, guest]] =
    await Promise.all([
      provide(tools.pulumi, report),
      provideInTurn(
        [
          ...([tools.kubernetes, tools.helm, tools.rke2] as const),
          ...([tools.tailscale, tools.plugins, tools.kubernetesPlugin, tools.guest] as const),
        ] as const,
        report,
      ),
    ]);
  const bin = await binDirectory([
    join(pulumi, "pulumi"),
    join(helm, "helm"),
    ...["kubectl", "etcdctl", "etcdutl"].map((program) => join(kubernetes, program)),
  ]);
  report("ready");
  return {
    bin,
    kubernetesBin: kubernetes,
    guest: join(guest, "guest"),
    rke2: join(rke2, "rke2"),
    tailscale: join(tailscale, "tailscale"),
    plugins: join(plugins, "plugins"),
    kubernetesPlugin: join(kubernetesPlugin, "kubernetes-plugin"),
  };
}
