/**
 * `npm run check-sites`: reads every `Pulumi.SITE.yaml` of the folder, each by itself and all against each other. Needs no
 * credentials and asks nobody. Ends with status 1 when something is wrong.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { describeProblems } from "../stacks/config/problem.ts";
import type { SiteFile } from "../stacks/open-site.ts";
import { parseSiteConfig } from "../stacks/site-file.ts";
import { checkSites, describeClashes } from "../stacks/sites/checks.ts";
import { siteFile } from "./site-file.ts";
import { main, projectDirectory } from "./site-stack.ts";

const { folder } = new Command("check-sites")
  .description("hold the files of all sites against each other")
  .option("--folder <path>", "where the files are, if not here", projectDirectory)
  .parse()
  .opts<{ folder: string }>();

/** Sites of the folder by their files' names; the sample is of none. */
const names = readdirSync(folder)
  .flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? [])
  .filter((name) => name !== "sample")
  .sort();

await main(() => {
  const wrong: string[] = [];
  const sites = names.flatMap((name): SiteFile[] => {
    const { config, problems } = parseSiteConfig(
      siteFile(join(folder, `Pulumi.${name}.yaml`)),
      name,
    );
    if (config === undefined) {
      wrong.push(describeProblems(name, problems));
      return [];
    }
    return [{ name, config }];
  });
  const clashes = checkSites(sites);
  if (clashes.length > 0) wrong.push(describeClashes(clashes));
  if (wrong.length > 0) throw new Error(wrong.join("\n"));
  process.stdout.write(`${names.join(", ")}: nothing is in another's way\n`);
  return Promise.resolve();
});
