import { readFileSync, writeFileSync } from "node:fs";
import { format } from "prettier";
import { configPages } from "../stacks/config/page.ts";
import { siteJsonSchema } from "../stacks/config/json-schema.ts";
import { siteSchema } from "../stacks/schema.ts";

const root = new URL("../", import.meta.url);
const mode = process.argv[2];
if (mode !== "--check" && mode !== "--write") {
  console.error("usage: node scripts/schema.ts --check | --write");
  process.exit(2);
}

const files = [
  {
    path: "stacks/site.schema.json",
    text: JSON.stringify(siteJsonSchema(siteSchema)),
    parser: "json",
  },
  { path: "docs/config.md", text: configPages(siteJsonSchema(siteSchema)), parser: "markdown" },
] as const;

let outdated = false;
for (const { path, text, parser } of files) {
  const wanted = await format(text, { parser, printWidth: 100 });
  const url = new URL(path, root);
  if (mode === "--write") {
    writeFileSync(url, wanted);
  } else if (read(url) !== wanted) {
    console.error(`${path} is not what stacks/schema.ts says; run: node scripts/schema.ts --write`);
    outdated = true;
  }
}
if (outdated) process.exit(1);

function read(url: URL): string | undefined {
  try {
    return readFileSync(url, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
