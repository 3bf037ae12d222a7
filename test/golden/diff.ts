/**
 * `npm run diff -- --stack home --base main`: what this working tree does to a site's graph, against another commit.
 * Needs no credentials and asks no API: both graphs come from the program run against a monitor that answers every
 * resource with its inputs.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { main, projectDirectory, stackCommand } from "../../scripts/site-stack.ts";
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

await main(async () => {
  const before = await committedGraph();
  const after = (await goldenGraph(stack)) as unknown as readonly Node[];
  process.stdout.write(renderDiff(stack, base, diffGraphs(before, after)));
});
