import { filesOf, type DefinitionSet } from "./definition-set.ts";

/** Argo CD's release by the version of its chart, which runs it (`appVersion` of its Chart.yaml). */
const releases: Readonly<Record<string, string>> = { "10.1.1": "v3.4.4" };

/** Argo CD's own kinds by its release: those that the chart would bring, without the chart's annotations. */
const pinned: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "v3.4.4": {
    "application-crd.yaml": "fa8a0c7f8127f85bbbf57467e7c659ec7d47e7d162cc76c1b07482ebf2b98f49",
    "applicationset-crd.yaml": "51f69883c692698fbcf3c82455c07c0f6413899ac9d96565a9e8395c0196f58d",
    "appproject-crd.yaml": "7b99337686905b444864c84b1305938a7bfbca9b5f4e2c5d5d2de4acae16ceb3",
  },
};

/** Versions of the argo-cd chart whose kinds are pinned, oldest first. */
export const argoCdVersions: readonly string[] = Object.keys(releases);

/** The kinds of the Argo CD that a pinned version of the argo-cd chart runs; throws for another one. */
export function argoCd(chart: string): DefinitionSet {
  const tag = releases[chart] ?? "";
  const files = pinned[tag];
  if (files === undefined) throw new Error(`the argo-cd chart ${chart} is not pinned`);
  const source = { repository: "argoproj/argo-cd", tag, folder: "manifests/crds" };
  return {
    name: "argocd",
    title: `Argo CD ${tag}`,
    files: filesOf(source, files),
    serves: {
      "applications.argoproj.io": ["v1alpha1"],
      "applicationsets.argoproj.io": ["v1alpha1"],
      "appprojects.argoproj.io": ["v1alpha1"],
    },
  };
}
