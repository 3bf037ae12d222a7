/**
 * `npm run check-sites`: reads every `Pulumi.SITE.yaml` of the folder, each by itself and all against each other. Needs no
 * credentials and asks nobody. Ends with status 1 when something is wrong.
 */
import { Command } from "commander";
import { checkSites, describeClashes } from "../stacks/sites/checks.ts";
import { readSiteFiles } from "./site-files.ts";
import { main, projectDirectory } from "./site-stack.ts";

const { folder } = new Command("check-sites")
  .description("hold the files of all sites against each other")
  .option("--folder <path>", "where the files are, if not here", projectDirectory)
  .parse()
  .opts<{ folder: string }>();

await main(() => {
  const { sites, unread } = readSiteFiles(folder);
  const clashes = checkSites(sites);
  const wrong = [...unread, ...(clashes.length > 0 ? [describeClashes(clashes)] : [])];
  if (wrong.length > 0) throw new Error(wrong.join("\n"));
  const names = sites.map(({ name }) => name).join(", ");
  process.stdout.write(`${names}: nothing is in another's way\n`);
  return Promise.resolve();
});
