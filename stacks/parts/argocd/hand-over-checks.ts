/** What the config says of hand-overs to Argo CD, before anybody is asked. */
import type { Problem } from "../../../components/problem.ts";
import type { SiteConfig } from "../../schema.ts";
import { handed, treeFolder, type Handable } from "./handable.ts";
import type { ArgocdConfig } from "./schema.ts";

const path = "homelab:argocd";

/** Argo CD is there to take what it is given, finds it by one Application, and finds no secret. */
export function checkHandOver(config: SiteConfig, stack: string): readonly Problem[] {
  const { argocd } = config;
  const all = handed(config);
  const secret = all.flatMap(secrets);
  if (argocd === undefined) return [...all.map(nobody), ...secret];
  return [
    ...repository(argocd, all),
    ...names(argocd, all),
    ...folders(argocd, all, stack),
    ...secret,
  ];
}

const nobody = ({ path: at }: Handable): Problem => ({
  path: `${at}.gitops`,
  text: "there is no Argo CD to take it; write homelab:argocd, or leave gitops out",
});

function secrets({ path: at, secrets: keys }: Handable): readonly Problem[] {
  const text =
    "is secret, and what is handed over must need none, for a repository holds it; leave gitops out, or this, and write what runs in a folder of your own with a OnePasswordItem for it";
  return keys.map((key) => ({ path: `${at}.${key}`, text }));
}

function repository(
  { gitops, repositories }: ArgocdConfig,
  [first]: readonly Handable[],
): readonly Problem[] {
  if (gitops === undefined) {
    if (first === undefined) return [];
    const text = `is missing, and ${first.path} is handed over: name the repository that has the trees, such as { repository: NAME }`;
    return [{ path: `${path}.gitops`, text }];
  }
  if (gitops.repository in repositories) return [];
  const known = Object.keys(repositories).join(", ") || "none";
  const text = `${gitops.repository} is none of homelab:argocd.repositories; known are ${known}`;
  return [{ path: `${path}.gitops.repository`, text }];
}

function names({ applications }: ArgocdConfig, all: readonly Handable[]): readonly Problem[] {
  return all
    .filter(({ tree: { name } }) => name in applications)
    .map(({ path: at, tree: { name } }) => ({
      path: `${path}.applications.${name}`,
      text: `${at} is handed over as the Application ${name}; use another name`,
    }));
}

/** An ApplicationSet would make an Application of the same name, and again after it was taken back. */
function folders(
  { gitops, applications }: ArgocdConfig,
  all: readonly Handable[],
  stack: string,
): readonly Problem[] {
  if (all.length === 0 || gitops === undefined) return [];
  const folder = treeFolder(stack);
  return Object.entries(applications)
    .filter(([, { repository: of, path: at, each }]) => {
      const above = each ? at === folder : `${folder}/`.startsWith(`${at}/`);
      return of === gitops.repository && above;
    })
    .map(([name]) => ({
      path: `${path}.applications.${name}.path`,
      text: `what is handed over is in ${folder}, and has Applications of its own; use another folder`,
    }));
}
