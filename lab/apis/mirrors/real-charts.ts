/** Real packaged charts for the mirrors, from the charts' own repositories where these answer. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { fetchBytes } from "../../../toolchain/download.ts";
import { chartRepositories } from "./charts.ts";

/** The part of a repository's `index.yaml` that names archives (Helm, "The Chart Repository Guide"). */
const repositoryIndex = z.looseObject({
  entries: z.record(
    z.string(),
    z.array(
      z.looseObject({ version: z.string(), digest: z.string(), urls: z.array(z.string()).min(1) }),
    ),
  ),
});

const chartFile = z.looseObject({ version: z.string() });

/** Downloads one chart that the index names, verified by its digest (SHA-256). */
async function fetchChart(
  repository: string,
  name: string,
  version: string,
  file: string,
): Promise<void> {
  const base = `https://${repository}/`;
  const text = (await fetchBytes(`${base}index.yaml`)).toString("utf8");
  const { entries } = repositoryIndex.parse(parse(text));
  const entry = entries[name]?.find((candidate) => candidate.version === version);
  if (entry?.urls[0] === undefined) throw new Error(`${base} has no ${name} ${version}`);
  const archive = await fetchBytes(new URL(entry.urls[0], base).href);
  const digest = createHash("sha256").update(archive).digest("hex");
  if (digest !== entry.digest.replace(/^sha256:/, "")) {
    throw new Error(`${name} ${version}: SHA-256 is ${digest}, the index says ${entry.digest}`);
  }
  await writeFile(`${file}.new`, archive);
  await rename(`${file}.new`, file);
}

/**
 * The folder with the real charts that could be had, in the versions that the lab has of its own. A repository
 * that does not answer costs seconds, and the lab's own chart is served then; `log` is told why.
 */
export async function realCharts(
  labCharts: string,
  cache: string,
  log: (step: string) => void,
): Promise<string> {
  await mkdir(cache, { recursive: true });
  // Side by side: where there is no network, each repository takes its time to fail.
  const fetchAll = async ([repository, names]: readonly [string, readonly string[]]) => {
    for (const name of names) {
      const own = await readFile(join(labCharts, name, "Chart.yaml"), "utf8");
      const { version } = chartFile.parse(parse(own));
      const file = join(cache, `${name}-${version}.tgz`);
      if (existsSync(file)) continue;
      try {
        await fetchChart(repository, name, version, file);
      } catch (error) {
        log(
          `the lab's own chart ${name}: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
    }
  };
  await Promise.all(Object.entries(chartRepositories).map(fetchAll));
  return cache;
}
