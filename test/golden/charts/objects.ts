/** What a chart makes of a site's values: its objects, as `helm template` renders them. */
import { execFile } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseAllDocuments } from "yaml";
import { diffValues, type Node } from "../graph-diff.ts";

/** A Helm release of a site's graph. */
export interface Release {
  readonly name: string;
  readonly namespace: string;
  readonly chart: string;
  readonly version: string;
  readonly repo?: string;
  readonly values: unknown;
}

export interface Renderer {
  readonly helm: string;
  readonly scratch: string;
  /** Kubernetes release that charts may look at. */
  readonly kubernetes: string;
}

/** A release among a graph's resources; undefined for any other resource. */
export function releaseOf(node: Node | undefined): Release | undefined {
  if (node?.type !== "kubernetes:helm.sh/v3:Release") return undefined;
  const inputs = node["inputs"] as Omit<Release, "repo"> & {
    readonly repositoryOpts?: { readonly repo?: string };
  };
  const { name, namespace, chart, version, values = {}, repositoryOpts } = inputs;
  const repo = repositoryOpts?.repo;
  return { name, namespace, chart, version, values, ...(repo === undefined ? {} : { repo }) };
}

/**
 * Objects of a release by kind, group, namespace and name. Of what a chart makes up anew each time, such as certificates and
 * passwords, nothing is kept: it would differ from itself. Rejects with Helm's words when the chart takes no such values.
 */
export async function renderObjects(
  { name, namespace, values }: Release,
  path: string,
  renderer: Renderer,
): Promise<readonly Node[]> {
  const file = join(await mkdtemp(join(renderer.scratch, "values-")), "values.json");
  await writeFile(file, JSON.stringify(values));
  const args = [
    ...["template", name, path, "--namespace", namespace, "--values", file, "--include-crds"],
    ...["--kube-version", renderer.kubernetes],
  ];
  const [first, second] = await Promise.all([template(renderer.helm, args), template(renderer.helm, args)]);
  const again = new Map(parseObjects(second, namespace).map((node) => [key(node), node]));
  return parseObjects(first, namespace).map((node) => settled(node, again.get(key(node))));
}

const key = ({ type, name }: Node): string => `${type} ${name}`;

async function template(helm: string, args: readonly string[]): Promise<string> {
  const options = { maxBuffer: 256 * 1024 * 1024, timeout: 120_000 };
  try {
    return (await promisify(execFile)(helm, args, options)).stdout;
  } catch (error) {
    const { stderr = "" } = error as { stderr?: string };
    throw new Error(stderr.trim().replace(/^Error: /, "").split("\n").slice(0, 6).join(" "), { cause: error });
  }
}

interface Manifest {
  /** Of a Secret. */
  readonly type?: string;
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
}

/** Objects of rendered YAML. An object without a namespace may belong to the release's or to none: both read alike. */
export function parseObjects(text: string, namespace: string): readonly Node[] {
  return parseAllDocuments(text).flatMap((document): readonly Node[] => {
    const object = document.toJS({ maxAliasCount: -1 }) as Manifest | null;
    if (object?.kind === undefined) return [];
    const { type: secretType, ...rest } = withoutChartLabel(object) as Manifest;
    const group = object.apiVersion?.includes("/") ? (object.apiVersion.split("/")[0] ?? "") : "";
    const type = group === "" ? object.kind : `${object.kind}.${group}`;
    const place = object.metadata?.namespace;
    const name = `${place === undefined || place === namespace ? "" : `${place}/`}${object.metadata?.name ?? ""}`;
    return [{ ...rest, ...(secretType === undefined ? {} : { secretType }), type, name }];
  });
}

/** Charts write their version on each of their objects, and on pods: that it changes goes without saying. */
function withoutChartLabel(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutChartLabel);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== "helm.sh/chart")
      .map(([name, inner]) => [name, withoutChartLabel(inner)]),
  );
}

/** The object without the values that another rendering has otherwise. */
function settled(node: Node, again: Node | undefined): Node {
  if (again === undefined) return node;
  const unsettled = new Set(diffValues("", node, again).map(({ path }) => path));
  if (unsettled.size === 0) return node;
  const keep = (path: string, value: unknown): unknown => {
    if (unsettled.has(path)) return "(made anew each time)";
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [name, keep(path === "" ? name : `${path}.${name}`, inner)]),
    );
  };
  return keep("", node) as Node;
}
