/** The site that the pages of applications add up to: home, and what the first example of each page says. */
import { readdirSync, readFileSync } from "node:fs";
import { parse, stringify } from "yaml";
import { parseSiteConfig } from "../../stacks/site-file.ts";
import type { SiteConfig } from "../../stacks/schema.ts";
import { siteValues } from "../site-file.ts";

type Tree = Readonly<Record<string, unknown>>;

/** An address of documentation (RFC 5737) is nobody's home, and refused; no picture shows the one that stands for it. */
const ownAddress = { "homelab:tesla": { publicAddress: "203.0.114.7" } };

/** The page of an application by its key, from the root. */
export const pageOf = (app: string): string =>
  app === "status" ? "docs/status.md" : `docs/apps/${app}.md`;

/** That site's config; `root` is the repository. Throws where the program would refuse an example, with each reason. */
export function documentedSite(root: URL): SiteConfig {
  const pages = readdirSync(new URL("docs/apps/", root)).map((name) => `docs/apps/${name}`);
  const examples = [...pages.sort(), pageOf("status")].map((path) =>
    firstExample(readFileSync(new URL(path, root), "utf8"), path),
  );
  const home = parse(readFileSync(new URL("Pulumi.home.yaml", root), "utf8")) as { config: Tree };
  const config = [...examples, ownAddress].reduce<Tree>(together, home.config);
  const { config: site, problems } = parseSiteConfig(siteValues(stringify({ config })), "home");
  if (site === undefined)
    throw new Error(
      `the examples of docs/apps are no site:\n${problems.map(({ path, text }) => `${path}: ${text}`).join("\n")}`,
    );
  return site;
}

/** The first block of YAML of a page, which may stand in a list. Throws where there is none. */
export function firstExample(page: string, path: string): Tree {
  const [, , text] = /^( *)```yaml\n([^]*?)^\1```/m.exec(page) ?? [];
  if (text === undefined) throw new Error(`${path} has no example in YAML`);
  return parse(text) as Tree;
}

const isTree = (value: unknown): value is Tree =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Both, key by key; where both say something the second counts. */
function together(one: Tree, other: Tree): Tree {
  const both = Object.entries(other).map(([key, value]) => {
    const known = one[key];
    return [key, isTree(known) && isTree(value) ? together(known, value) : value];
  });
  return { ...one, ...(Object.fromEntries(both) as Tree) };
}
