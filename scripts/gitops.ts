/**
 * `npm run gitops -- --stack home`: writes what is handed over to Argo CD as Kustomize trees, and says what has changed.
 * Needs no credentials and asks nobody. With `--check` nothing is written, and trees that are out of date end it with
 * status 1: for pull requests.
 */
import { join } from "node:path";
import { treeOf } from "../components/argocd/gitops/tree.ts";
import { describeProblems } from "../stacks/config/problem.ts";
import { handed, treeFolder } from "../stacks/parts/argocd/handable.ts";
import { parseSiteConfig } from "../stacks/site-file.ts";
import { changes, readTrees, write, type Trees } from "./gitops/folders.ts";
import { siteFile } from "./site-file.ts";
import { main, projectDirectory, stackCommand } from "./site-stack.ts";

const command = stackCommand("gitops", "write what is handed over to Argo CD as Kustomize trees")
  .option("--check", "write nothing, and end with 1 where trees are out of date")
  .option("--into <folder>", "the repository that Argo CD reads, where it is another one than this")
  .parse();
const {
  stack,
  check = false,
  into = projectDirectory,
} = command.opts<{
  stack: string;
  check?: boolean;
  into?: string;
}>();

/** Trees of what the site hands over, by the names of their folders. */
function wantedTrees(): Trees {
  const file = new URL(`../Pulumi.${stack}.yaml`, import.meta.url);
  const { config, problems } = parseSiteConfig(siteFile(file), stack);
  if (config === undefined || problems.length > 0)
    throw new Error(describeProblems(stack, problems));
  return Object.fromEntries(handed(config).map(({ tree }) => [tree.name, treeOf(tree)]));
}

const signs = { add: "+", change: "!", remove: "-" } as const;

await main(async () => {
  const wanted = wantedTrees();
  const folder = treeFolder(stack);
  const root = join(into, folder);
  const { trees, foreign } = await readTrees(root);
  const taken = foreign.find((name) => name in wanted);
  if (taken !== undefined)
    throw new Error(
      `${folder}/${taken} is somebody's own, and the tree of ${taken} belongs there; move it away first`,
    );
  const list = changes(wanted, trees);
  for (const { path, kind } of list) process.stdout.write(`${signs[kind]} ${folder}/${path}\n`);
  const names = Object.keys(wanted).join(", ") || "nothing";
  if (check && list.length > 0)
    throw new Error(`${folder} is out of date; run: npm run gitops -- --stack ${stack}`);
  if (!check) await write(root, wanted, list);
  const state = list.length === 0 ? "is up to date" : "is written; commit and push it";
  process.stdout.write(`${folder} ${state}: ${names} handed over\n`);
});
