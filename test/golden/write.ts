import { writeFileSync } from "node:fs";
import { goldenFile, goldenGraph } from "./graph.ts";

/** Writes or checks the golden graph of each stack: `node test/golden/write.ts --write | --check`. */
const mode = process.argv[2];
if (mode !== "--check" && mode !== "--write") {
  console.error("usage: node test/golden/write.ts --check | --write");
  process.exit(2);
}

for (const stack of ["home", "cabin"]) {
  const text = `${JSON.stringify(await goldenGraph(stack), undefined, 2)}\n`;
  if (mode === "--write") {
    writeFileSync(new URL(`${stack}.json`, import.meta.url), text);
  } else if (goldenFile(stack) !== text) {
    console.error(
      `the graph of ${stack} differs from test/golden/${stack}.json; run: node test/golden/write.ts --write`,
    );
    process.exitCode = 1;
  }
}
