/**
 * `npm run diff -- --stack home --base main`: what this working tree does to a site's graph, against another commit.
 * Needs no credentials and asks no API: both graphs come from the program run against a monitor that answers every
 * resource with its inputs. Of a Helm release that differs, both sides are rendered, and its objects compared.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { siteFile } from "../../scripts/site-file.ts";
import { main, projectDirectory, stackCommand } from "../../scripts/site-stack.ts";
import { parseSiteConfig } from "../../stacks/site-file.ts";
import { tools } from "../../toolchain/pins.ts";
import { ensureTool } from "../../toolchain/tools.ts";
import { diffReleases } from "./charts/diff.ts";
import { releaseOf } from "./charts/objects.ts";
import { diffGraphs, type Node } from "./graph-diff.ts";
import { goldenGraph } from "./graph.ts";
import { renderDiff } from "./render-diff.ts";

const command = stackCommand("diff", "what the working tree changes of a site's graph")
  .requiredOption("-b, --base <commit>", "branch or commit to compare with, for example main")
  .parse();
const { stack, base } = command.opts<{ stack: string; base: string }>();

/** The graph that was committed with `base`; a stack that is new since then had none. */
async function committedGraph(): Promise<readonly Node[]> {
  const git = async (...args: string[]): Promise<string> => {
    const options = { cwd: projectDirectory, maxBuffer: 64 * 1024 * 1024 };
    return (await promisify(execFile)("git", args, options)).stdout;
  };
  await git("rev-parse", "--verify", "--quiet", `${base}^{commit}`).catch(() => {
    throw new Error(
      `${base}: no such branch or commit here; fetch it first (git fetch origin ${base})`,
    );
  });
  const path = `test/golden/${stack}.json`;
  if ((await git("ls-tree", "--name-only", base, path)).trim() === "") return [];
  return JSON.parse(await git("show", `${base}:${path}`)) as Node[];
}

/** Kubernetes release of the site, as charts are told it. */
function kubernetesVersion(): string {
  const file = new URL(`../../Pulumi.${stack}.yaml`, import.meta.url);
  const { config } = parseSiteConfig(siteFile(file), stack);
  return config?.cluster.version.replace(/\+.*$/, "") ?? "";
}

/** The objects of the releases that differ. */
async function objects(before: readonly Node[], after: readonly Node[]): Promise<string> {
  const scratch = await mkdtemp(join(tmpdir(), "homelab-diff-"));
  try {
    const helm = await ensureTool(tools.helm, (step) => {
      if (typeof step === "string") process.stderr.write(`${step}\n`);
    });
    const folder = process.env["HOMELAB_CHARTS"];
    const sources = { helm, scratch, folder, clone: projectDirectory };
    return await diffReleases(
      { graph: before, sources: { ...sources, commit: base } },
      { graph: after, sources },
      { helm, scratch, kubernetes: kubernetesVersion() },
    );
  } finally {
    await rm(scratch, { recursive: true });
  }
}

await main(async () => {
  // Without an engine the SDK prints what the program tells people, which is no part of the difference.
  console.log = console.error;
  const before = await committedGraph();
  const after = (await goldenGraph(stack)) as unknown as readonly Node[];
  const diff = diffGraphs(before, after);
  process.stdout.write(renderDiff(stack, base, diff));
  const touched = [...diff.added, ...diff.removed, ...diff.changed.map(({ node }) => node)];
  if (touched.some((node) => releaseOf(node) !== undefined))
    process.stdout.write(await objects(before, after));
});
