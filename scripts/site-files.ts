/** The files of all sites of a folder. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describeProblems } from "../stacks/config/problem.ts";
import type { SiteFile } from "../stacks/open-site.ts";
import { parseSiteConfig } from "../stacks/site-file.ts";
import { siteFile } from "./site-file.ts";

/** Sites that were read, and of each other file why it is none. */
export interface SiteFiles {
  readonly sites: readonly SiteFile[];
  readonly unread: readonly string[];
}

/** Reads every `Pulumi.SITE.yaml` of a folder, sorted by name; the sample is of no site. */
export function readSiteFiles(folder: string): SiteFiles {
  const names = readdirSync(folder)
    .flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? [])
    .filter((name) => name !== "sample")
    .sort();
  const read = names.map((name) => {
    const { config, problems } = parseSiteConfig(
      siteFile(join(folder, `Pulumi.${name}.yaml`)),
      name,
    );
    return config === undefined ? describeProblems(name, problems) : { name, config };
  });
  return {
    sites: read.flatMap((one) => (typeof one === "string" ? [] : [one])),
    unread: read.flatMap((one) => (typeof one === "string" ? [one] : [])),
  };
}
