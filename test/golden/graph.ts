import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { siteFile } from "../../scripts/site-file.ts";
import { parseSiteConfig } from "../../stacks/site-file.ts";
import { deploySite } from "../../stacks/site.ts";
import type { World } from "../mocked-world.ts";
import { record, secretsAs, type Recorded, type Reference } from "../recorder.ts";
import { depsIn } from "../unit/site-deps.ts";

/** One resource of a site's graph. */
export interface GraphNode {
  readonly type: string;
  readonly name: string;
  /** `type name` of the parent, absent at the top. */
  readonly parent?: string;
  readonly inputs: unknown;
  /** `type name` of what it depends on, sorted. */
  readonly dependsOn?: readonly string[];
  readonly options?: Readonly<Record<string, unknown>>;
}

/**
 * The graph that a stack's program registers, in a world that answers every resource with its inputs: sorted by
 * type and name, secrets masked. It shows what a change of program or config does to a site.
 */
export async function goldenGraph(stack: string, world: World = {}): Promise<readonly GraphNode[]> {
  const file = new URL(`../../Pulumi.${stack}.yaml`, import.meta.url);
  const { config, problems } = parseSiteConfig(siteFile(file), stack);
  if (config === undefined) throw new Error(`Pulumi.${stack}.yaml: ${problems.map((p) => `${p.path}: ${p.text}`).join("; ")}`);
  const recording = await record(stack);
  await deploySite(stack, config, depsIn(world));
  const { resources } = await recording.settled();
  return resources.map(describe).sort((a, b) => order(`${a.type} ${a.name}`, `${b.type} ${b.name}`));
}

/** Text of a stack's golden file. */
export function goldenFile(stack: string): string {
  return readFileSync(new URL(`./${stack}.json`, import.meta.url), "utf8");
}

function describe({ type, name, parent, provider, inputs, dependencies, options, hooks }: Recorded): GraphNode {
  const { ignoreChanges, replaceOnChanges, secretOutputs, deleteBeforeReplace, deletedWith } = options;
  const { retainOnDelete, importId } = options;
  const shown = Object.entries({
    provider: provider?.name,
    ...{ ignoreChanges, replaceOnChanges, secretOutputs },
    deleteBeforeReplace: deleteBeforeReplace || undefined,
    deletedWith: deletedWith && text(deletedWith),
    retainOnDelete: retainOnDelete || undefined,
    import: importId || undefined,
    ...hooks,
  }).filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0));
  return {
    type,
    name,
    ...(parent === undefined ? {} : { parent: text(parent) }),
    inputs: ordered(secretsAs(inputs, digest)),
    ...(dependencies.length === 0 ? {} : { dependsOn: dependencies.map(text).sort(order) }),
    ...(shown.length === 0 ? {} : { options: Object.fromEntries(shown) }),
  };
}

/** Values with their keys in order, without what providers' SDKs add of their own. */
function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== "__defaults")
      .map(([key, inner]) => [key, ordered(inner)] as const)
      .sort(([a], [b]) => order(a, b)),
  );
}

/** A secret's value is left out; the digest of what stands for it here shows that it has changed. */
function digest(hidden: unknown): string {
  const sum = createHash("sha256").update(JSON.stringify(hidden) ?? "");
  return `[secret ${sum.digest("hex").slice(0, 8)}]`;
}

const text = ({ type, name }: Reference): string => `${type} ${name}`;

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
