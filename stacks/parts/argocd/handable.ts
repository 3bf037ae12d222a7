/** What of a site can be handed over to Argo CD: Reloader, and web applications. */
import { objectText } from "../../../components/workload/custody.ts";
import { reloaderNamespace, reloaderRelease } from "../../../components/workload/reloader.ts";
import { contents, type TreePlan } from "../../../components/argocd/gitops/tree.ts";
import type { Application } from "../../apps/application.ts";
import { applications } from "../../apps/index.ts";
import type { Apps } from "../../apps/names.ts";
import type { SiteConfig } from "../../schema.ts";

/** Something of a site that can be handed over. */
export interface Handable {
  /** Config path of its section. */
  readonly path: string;
  /** Whether the config gives it to Argo CD. */
  readonly wanted: boolean;
  readonly tree: TreePlan;
  /** Keys below `path` by which it needs secrets. */
  readonly secrets: readonly string[];
}

type Site = Pick<SiteConfig, "reloader" | "apps">;

/** Everything that can be, in the config's order; what the site does not have is left out. */
export function handable(
  { reloader, apps }: Site,
  all: Readonly<Record<string, Application>> = applications,
): readonly Handable[] {
  const configs: Apps = apps;
  const parts: readonly Handable[] =
    reloader === undefined
      ? []
      : [
          {
            path: "homelab:reloader",
            wanted: reloader.gitops !== undefined,
            tree: {
              ...{ name: "reloader", namespace: reloaderNamespace.name },
              brings: { release: reloaderRelease(reloader.chart) },
            },
            secrets: [],
          },
        ];
  return [
    ...parts,
    ...Object.entries(all).flatMap(([name, application]): readonly Handable[] => {
      const config = configs[name];
      if (config === undefined || application.gitops === undefined) return [];
      const { gitops, objects, secrets } = application.gitops(name, config);
      const tree = { name, namespace: name, brings: { objects } };
      return [{ path: `homelab:apps.${name}`, wanted: gitops !== undefined, tree, secrets }];
    }),
  ];
}

/** What is handed over. */
export function handed(site: Site): readonly Handable[] {
  return handable(site).filter(({ wanted }) => wanted);
}

/** What a tree brings, as a state names it. */
export function objectsOf({ tree }: Pick<Handable, "tree">): readonly string[] {
  return contents(tree).map(objectText);
}

/** Folder of a site's trees, in the repository that Argo CD reads. */
export function treeFolder(site: string): string {
  return `gitops/${site}`;
}
