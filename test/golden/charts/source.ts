/** Where a chart of a site can be had for rendering: packaged in a folder, in its repository, or the lab's own. */
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";

const run = promisify(execFile);

/** How long a repository may take to answer, in milliseconds. */
const patience = 30_000;

/** A chart as a Helm release names it. */
export interface ChartRef {
  /** Its name, or `oci://REGISTRY/PATH/NAME`. */
  readonly chart: string;
  readonly version: string;
  readonly repo?: string;
}

/** A chart that can be rendered, or why there is none. */
export type Found = { readonly path: string; readonly from: string } | { readonly missing: string };

export interface ChartSources {
  /** Program to pull with. */
  readonly helm: string;
  /** Where what is pulled or unpacked is put. */
  readonly scratch: string;
  /** Folder of packaged charts, `NAME-VERSION.tgz` (`HOMELAB_CHARTS`). */
  readonly folder: string | undefined;
  /** The clone, and the commit whose charts of the lab are meant; the working tree without. */
  readonly clone: string;
  readonly commit?: string;
}

/** Looks in the folder, then asks the chart's repository, then takes the lab's own chart of that version. */
export async function findChart(ref: ChartRef, sources: ChartSources): Promise<Found> {
  const reasons: string[] = [];
  for (const look of [inFolder, pulled, ofLab]) {
    const found = await look(ref, sources);
    if ("path" in found) return found;
    reasons.push(found.missing);
  }
  return { missing: reasons.join("; ") };
}

const nameOf = ({ chart }: ChartRef): string => chart.split("/").at(-1) ?? chart;

function inFolder(ref: ChartRef, { folder }: ChartSources): Found {
  if (folder === undefined || folder === "") return { missing: "HOMELAB_CHARTS names no folder" };
  const path = join(folder, `${nameOf(ref)}-${ref.version}.tgz`);
  return existsSync(path) ? { path, from: path } : { missing: `${path} does not exist` };
}

async function pulled(ref: ChartRef, { helm, scratch }: ChartSources): Promise<Found> {
  const destination = await mkdtemp(join(scratch, "pulled-"));
  const repo = ref.repo === undefined ? [] : ["--repo", ref.repo];
  const options = ["--version", ref.version, "--destination", destination];
  try {
    await run(helm, ["pull", ref.chart, ...repo, ...options], { timeout: patience });
  } catch (error) {
    const { stderr = "", killed } = error as { stderr?: string; killed?: boolean };
    const last = stderr.trim().split("\n").at(-1) ?? "";
    const why = killed === true ? `no answer within ${patience / 1000} s` : last;
    return { missing: `${ref.repo ?? ref.chart}: ${why}` };
  }
  const [file] = await readdir(destination);
  if (file === undefined) return { missing: `${ref.repo ?? ref.chart}: helm pulled nothing` };
  return { path: join(destination, file), from: ref.repo ?? ref.chart };
}

async function ofLab(ref: ChartRef, { clone, commit, scratch }: ChartSources): Promise<Found> {
  const name = nameOf(ref);
  const folder = `lab/charts/${name}`;
  const from = `the lab's own chart${commit === undefined ? "" : ` at ${commit}`}`;
  let path = join(clone, folder);
  if (commit !== undefined) {
    const unpacked = await mkdtemp(join(scratch, "lab-"));
    try {
      const archive = join(unpacked, "charts.tar");
      await run("git", ["archive", "--output", archive, commit, folder], { cwd: clone });
      await run("tar", ["-xf", archive, "-C", unpacked]);
    } catch {
      return { missing: `the lab had no chart ${name} at ${commit}` };
    }
    path = join(unpacked, folder);
  }
  const file = join(path, "Chart.yaml");
  if (!existsSync(file)) return { missing: `the lab has no chart ${name}` };
  const { version } = parse(await readFile(file, "utf8")) as { version: string };
  return version === ref.version ? { path, from } : { missing: `the lab's own is ${version}` };
}
