/** The repository that Argo CD reads, at the lab's host of git, as the site's owner works in a clone of it. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gitRepository, internet } from "../../lab/world/inventory.ts";
import { paths, run } from "./command.ts";
import { credentials } from "./world.ts";

/** Its address, as a site file names it. */
export const treeRepository = `https://${internet.git.names[0]}/${gitRepository}`;

const folder = join(paths.run, "trees");
const [config, clone] = [join(folder, "config"), join(folder, "clone")];

/** An empty clone, whose first push makes the branch. The token stands in a file, so that no process list shows it. */
export async function cloneTrees(): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  const login = Buffer.from(`owner:${(await credentials()).gitToken}`).toString("base64");
  const lines = [
    "[user]\n\tname = a\n\temail = a@example.net",
    `[http "https://${internet.git.names[0]}/"]\n\textraHeader = Authorization: Basic ${login}`,
    "[init]\n\tdefaultBranch = main",
  ];
  await writeFile(config, `${lines.join("\n")}\n`, { mode: 0o600 });
  await git("clone", "-q", treeRepository, clone);
}

/** `npm run gitops` of home into the clone, and what it wrote committed and pushed; gives the commit. */
export async function pushTrees(subject: string): Promise<string> {
  await run`node scripts/gitops.ts --stack home --into ${clone}`;
  await git("-C", clone, "add", "--all");
  await git("-C", clone, "commit", "-q", "--allow-empty", "-m", subject);
  await git("-C", clone, "push", "-q", "origin", "HEAD:main");
  return (await git("-C", clone, "rev-parse", "HEAD")).trim();
}

const git = (...args: readonly string[]): Promise<string> =>
  run`env GIT_CONFIG_GLOBAL=${config} GIT_TERMINAL_PROMPT=0 git ${args}`;
