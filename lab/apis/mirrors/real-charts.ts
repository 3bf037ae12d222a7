/** Real packaged charts for the mirrors, from the charts' own repositories and registries where these answer. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";
import { z } from "zod";
import { fetchBytes } from "../../../toolchain/download.ts";
import { registryHost } from "./chart-registries.ts";
import { chartRegistries, chartRepositories } from "./charts.ts";

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

/** Takes a chart of a repository or registry in a version, to a file. */
type Fetch = (repository: string, name: string, version: string, file: string) => Promise<void>;

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

/** How long Helm may take for a chart of a registry that answers. */
const pullMilliseconds = 120_000;

/** Takes a chart from a registry by Helm, which compares it with the digest of its manifest. */
async function pullChart(
  helm: string,
  registry: string,
  name: string,
  version: string,
  file: string,
): Promise<void> {
  // A registry out of reach is known sooner by the one request that it answers to everybody.
  const address = `https://${registryHost(registry)}/v2/`;
  await fetchBytes(address).catch((error: unknown) => {
    if (!(error instanceof Error && error.message.endsWith("HTTP 401"))) throw error;
  });
  const folder = `${file}.pulled`;
  const reference = [`oci://${registry}/${name}`, "--version", version];
  await promisify(execFile)(helm, ["pull", ...reference, "--destination", folder], {
    timeout: pullMilliseconds,
  });
  await rename(join(folder, `${name}-${version}.tgz`), file);
  await rm(folder, { recursive: true });
}

/** Where charts are taken from, and by what. */
export interface RealChartSources {
  /** The lab's own, one folder each: their versions are looked for. */
  readonly labCharts: string;
  /** The folder that they are kept in. */
  readonly cache: string;
  readonly helm: string;
}

/**
 * The folder with the real charts that could be had, in the versions that the lab has of its own. A repository
 * that does not answer costs seconds, and the lab's own chart is served then; `log` is told why.
 */
export async function realCharts(
  { labCharts, cache, helm }: RealChartSources,
  log: (step: string) => void,
): Promise<string> {
  await mkdir(cache, { recursive: true });
  const fetchOne = async (repository: string, name: string, fetch: Fetch) => {
    const own = await readFile(join(labCharts, name, "Chart.yaml"), "utf8");
    const { version } = chartFile.parse(parse(own));
    const file = join(cache, `${name}-${version}.tgz`);
    if (existsSync(file)) return;
    try {
      await fetch(repository, name, version, file);
    } catch (error) {
      log(`the lab's own chart ${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const fetchAll = (from: Readonly<Record<string, readonly string[]>>, fetch: Fetch) =>
    Object.entries(from).flatMap(([repository, names]) =>
      names.map((name) => fetchOne(repository, name, fetch)),
    );
  // Side by side: where there is no network, each chart takes its time to fail.
  await Promise.all([
    ...fetchAll(chartRepositories, fetchChart),
    ...fetchAll(chartRegistries, (...of) => pullChart(helm, ...of)),
  ]);
  return cache;
}
