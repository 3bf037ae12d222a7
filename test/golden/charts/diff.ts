/** What a changed release changes in objects: both sides rendered with the site's values, and compared one by one. */
import { diffGraphs, type GraphDiff, type Node } from "../graph-diff.ts";
import { renderBlock } from "../render-diff.ts";
import { releaseOf, renderObjects, type Release, type Renderer } from "./objects.ts";
import { findChart, type ChartSources } from "./source.ts";

/** A side of the comparison: a graph, and where its charts can be had. */
export interface Side {
  readonly graph: readonly Node[];
  readonly sources: ChartSources;
}

/** The releases that differ, a section each; nothing when none does. */
export async function diffReleases(before: Side, after: Side, renderer: Renderer): Promise<string> {
  const old = releasesOf(before.graph);
  const now = releasesOf(after.graph);
  const names = [...new Set([...old.keys(), ...now.keys()])].sort();
  const changed = names.filter(
    (name) => JSON.stringify(old.get(name)) !== JSON.stringify(now.get(name)),
  );
  const sections = await Promise.all(
    changed.map((name) =>
      section(
        { release: old.get(name), sources: before.sources },
        { release: now.get(name), sources: after.sources },
        renderer,
      ),
    ),
  );
  return sections.map((text) => `\n${text}`).join("");
}

function releasesOf(graph: readonly Node[]): ReadonlyMap<string, Release> {
  return new Map(
    graph.flatMap((node) => {
      const release = releaseOf(node);
      return release === undefined ? [] : [[release.name, release] as const];
    }),
  );
}

interface ReleaseSide {
  readonly release: Release | undefined;
  readonly sources: ChartSources;
}

async function section(before: ReleaseSide, after: ReleaseSide, renderer: Renderer): Promise<string> {
  const title = `#### Objects of ${titleOf(before.release, after.release)}`;
  const [old, now] = await Promise.all([rendered(before, renderer), rendered(after, renderer)]);
  const missing = [old, now].flatMap((side) => ("missing" in side ? [side.missing] : []));
  if ("missing" in old || "missing" in now)
    return `${title}\n\nCould not be rendered, so only the lines above say what changes. ${[...new Set(missing)].join(" ")}\n`;
  const kinds = split(diffGraphs(old.objects, now.objects));
  const from = [...new Set([old.from, now.from].filter((place) => place !== undefined))].join("; ");
  const blocks = [
    renderBlock("", kinds.objects),
    ...(isEmpty(kinds.definitions) ? [] : [renderBlock("Custom resource definitions: ", kinds.definitions)]),
  ];
  return `${title}\n\nRendered from ${from}.\n\n${blocks.join("\n")}`;
}

function titleOf(before: Release | undefined, after: Release | undefined): string {
  const name = after?.name ?? before?.name ?? "";
  if (before === undefined) return `${name}, new at ${after?.version ?? ""}`;
  if (after === undefined) return `${name}, which goes`;
  return before.version === after.version
    ? `${name} ${after.version}, with other values`
    : `${name} ${before.version} to ${after.version}`;
}

type Rendered =
  | { readonly objects: readonly Node[]; readonly from?: string }
  | { readonly missing: string };

async function rendered({ release, sources }: ReleaseSide, renderer: Renderer): Promise<Rendered> {
  if (release === undefined) return { objects: [] };
  const which = `${release.chart} ${release.version}`;
  const chart = await findChart(release, sources);
  if ("missing" in chart) return { missing: `${which}: ${chart.missing}.` };
  try {
    return { objects: await renderObjects(release, chart.path, renderer), from: chart.from };
  } catch (error) {
    return { missing: `${which} of ${chart.from}: ${error instanceof Error ? error.message : String(error)}.` };
  }
}

const isDefinition = ({ type }: Node): boolean =>
  type === "CustomResourceDefinition.apiextensions.k8s.io";

/** Custom resource definitions apart: their schemas are long, and nobody writes them by hand. */
function split(diff: GraphDiff): { readonly objects: GraphDiff; readonly definitions: GraphDiff } {
  const part = (wanted: boolean): GraphDiff => ({
    added: diff.added.filter((node) => isDefinition(node) === wanted),
    removed: diff.removed.filter((node) => isDefinition(node) === wanted),
    changed: diff.changed.filter(({ node }) => isDefinition(node) === wanted),
  });
  return { objects: part(false), definitions: part(true) };
}

const isEmpty = ({ added, removed, changed }: GraphDiff): boolean =>
  added.length + removed.length + changed.length === 0;
