import { writeFileSync } from "node:fs";
import { goldenFile, goldenGraph } from "../test/golden/graph.ts";

/** Writes or checks the golden graph of each stack: `node scripts/golden.ts --write | --check`. */
const mode = process.argv[2];
if (mode !== "--check" && mode !== "--write") {
  console.error("usage: node scripts/golden.ts --check | --write");
  process.exit(2);
}

for (const stack of ["home", "cabin"]) {
  const text = `${JSON.stringify(await goldenGraph(stack), undefined, 2)}\n`;
  if (mode === "--write") {
    writeFileSync(new URL(`../test/golden/${stack}.json`, import.meta.url), text);
  } else if (goldenFile(stack) !== text) {
    console.error(
      `the graph of ${stack} differs from test/golden/${stack}.json; run: node scripts/golden.ts --write`,
    );
    process.exitCode = 1;
  }
}
