import { siteFile } from "../../../scripts/site-file.ts";
import { parseSiteConfig } from "../../../stacks/site-file.ts";
import type { Problem } from "../../../components/problem.ts";
import { Derivation } from "../../../stacks/config/derivation.ts";
import { deriveSite, siteSchema, type SiteConfig } from "../../../stacks/schema.ts";

/** Changes to a config by path: `{"machines[0].vmId": 121}`; undefined removes a value. */
export type Changes = Readonly<Record<string, unknown>>;

type Tree = Record<string, unknown>;

/** What the home site's file says, by key, with the parts that it switches off but for storage, after changes. */
export function homeValues(changes: Changes): Tree {
  const values = fileValues("home");
  for (const part of ["dns", "names", "gateway", "certificates"])
    delete (values[part] as Tree | undefined)?.["enabled"];
  return edited(values, changes);
}

/** What a site's file says, by key. */
export function fileValues(site: string): Tree {
  const raw = siteFile(new URL(`../../../Pulumi.${site}.yaml`, import.meta.url));
  return Object.fromEntries(
    Object.entries(raw).map(([key, text]) => [
      key.replace("homelab:", ""),
      JSON.parse(text) as unknown,
    ]),
  );
}

/** Values after changes, which are made in place. */
export function edited(values: Tree, changes: Changes): Tree {
  // What several changes have in common stays as it is: a later path goes into the value of an earlier one.
  for (const [path, value] of Object.entries(structuredClone(changes)))
    set(values, path.split(/[.[\]]+/).filter(Boolean), value);
  return values;
}

function set(tree: Tree, [key = "", ...rest]: readonly string[], value: unknown): void {
  if (rest.length > 0) {
    set((tree[key] ??= {}) as Tree, rest, value);
  } else if (value === undefined) {
    delete tree[key];
  } else {
    tree[key] = value;
  }
}

/** The home site's raw config by full key, structures as JSON, after changes. */
export function changed(changes: Changes = {}): Record<string, string> {
  return byFullKey(homeValues(changes));
}

/** Values by full key, structures as JSON. */
export function byFullKey(values: Tree): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [`homelab:${key}`, JSON.stringify(value)]),
  );
}

/** What is wrong with the home site after changes. */
export function problemsAfter(changes: Changes): readonly Problem[] {
  return parseSiteConfig(changed(changes), "home").problems;
}

/** The home site's config, everything filled in, after changes that keep it readable. */
export function homeConfig(changes: Changes = {}): SiteConfig {
  return deriveSite(siteSchema.parse(homeValues(changes)), new Derivation("home"));
}
