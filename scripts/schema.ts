import { readFileSync, writeFileSync } from "node:fs";
import { format } from "prettier";
import { configPages } from "../stacks/config/page.ts";
import { sampleFile } from "../stacks/config/sample.ts";
import { siteJsonSchema } from "../stacks/config/json-schema.ts";
import { exposurePage } from "../stacks/exposure/page.ts";
import { exposurePicture } from "../stacks/exposure/picture.ts";
import { shownOf } from "../stacks/exposure/shown.ts";
import { siteExposure } from "../stacks/exposure/table.ts";
import { reachabilityPage } from "../components/policies/reachability.ts";
import { siteSchema } from "../stacks/schema.ts";
import { parseSiteConfig } from "../stacks/site-file.ts";
import { policyPlan } from "../stacks/traffic.ts";
import {
  allPicture,
  applicationsTable,
  pictureOf,
  withTable,
} from "./documentation/applications.ts";
import { documentedSite } from "./documentation/site.ts";
import { siteFile } from "./site-file.ts";

const root = new URL("../", import.meta.url);
const mode = process.argv[2];
if (mode !== "--check" && mode !== "--write") {
  console.error("usage: node scripts/schema.ts --check | --write");
  process.exit(2);
}

const schema = siteJsonSchema(siteSchema);
const files = [
  { path: "stacks/site.schema.json", text: await formatted(JSON.stringify(schema), "json") },
  { path: "docs/config.md", text: await formatted(configPages(schema), "markdown") },
  { path: "Pulumi.sample.yaml", text: sampleFile(schema) },
  ...(await Promise.all(["home", "cabin"].map(pages))).flat(),
  ...pictures(),
  ...(await Promise.all(["README.md", "docs/apps/README.md"].map(tables))),
];

let outdated = false;
for (const { path, text } of files) {
  const url = new URL(path, root);
  if (mode === "--write") {
    writeFileSync(url, text);
  } else if (read(url) !== text) {
    console.error(`${path} is not what it is made from; run: node scripts/schema.ts --write`);
    outdated = true;
  }
}
if (outdated) process.exit(1);

/** Who may talk to whom on a site of this repository, and what it shows to whom outside. */
async function pages(stack: string): Promise<readonly { path: string; text: string }[]> {
  const { config } = parseSiteConfig(siteFile(new URL(`Pulumi.${stack}.yaml`, root)), stack);
  if (config === undefined)
    throw new Error(`Pulumi.${stack}.yaml is no site; npm run preview says why`);
  const made = {
    reachability: reachabilityPage(stack, policyPlan(config)),
    exposure: exposurePage(stack, siteExposure(config)),
  };
  return Promise.all(
    Object.entries(made).map(async ([name, text]) => ({
      path: `docs/${name}.${stack}.md`,
      text: await formatted(text, "markdown"),
    })),
  );
}

/** Who reaches which application on the site of the pages, and where it keeps its data. */
function pictures(): readonly { path: string; text: string }[] {
  const all = shownOf("home", documentedSite(root));
  return [
    { path: allPicture, text: exposurePicture("The applications of a site", all) },
    ...all.map((one) => ({
      path: pictureOf(one.name),
      text: exposurePicture(`Who reaches ${one.name}`, [one]),
    })),
  ];
}

/** A page of people's own, in which the table of applications alone is made. */
async function tables(path: string): Promise<{ path: string; text: string }> {
  const page = readFileSync(new URL(path, root), "utf8");
  const text = withTable(page, path, applicationsTable(root, path));
  return { path, text: await formatted(text, "markdown") };
}

function formatted(text: string, parser: string): Promise<string> {
  return format(text, { parser, printWidth: 100 });
}

function read(url: URL): string | undefined {
  try {
    return readFileSync(url, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
