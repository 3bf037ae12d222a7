/** Kustomize trees: by them Argo CD brings to the cluster what the program has handed over. */
import { Output } from "@pulumi/pulumi";
import { stringify } from "yaml";
import type { ObjectName } from "../../workload/custody.ts";
import type { PlainObject } from "../../workload/objects.ts";
import type { ReleasePlan } from "../../workload/release.ts";

/** What is handed over under one name: a release, or objects. Its namespace stays with the program. */
export interface TreePlan {
  /** Name of the folder, and of the Application. */
  readonly name: string;
  readonly namespace: string;
  readonly brings:
    | { readonly release: ReleasePlan }
    | { readonly objects: readonly PlainObject[] };
}

/** Files of a folder by their names. */
export type Tree = Readonly<Record<string, string>>;

/** First line of a tree's kustomization.yaml: a folder without it is somebody's own, and is left alone. */
export const treeMark = "# Made by npm run gitops; what is written here by hand is lost.";

/**
 * The files of a tree: kustomization.yaml, the values of its release, and a file for each object. Throws where something is
 * secret, or known to a run alone.
 */
export function treeOf({ brings }: TreePlan): Tree {
  const { kustomization, files } =
    "release" in brings ? releaseTree(brings.release) : objectTree(brings.objects);
  const head = { apiVersion: "kustomize.config.k8s.io/v1beta1", kind: "Kustomization" };
  return {
    "kustomization.yaml": `${treeMark}\n${yaml({ ...head, ...kustomization })}`,
    ...files,
  };
}

/** What a tree brings, by the names that a state has for it. */
export function contents({ brings }: TreePlan): readonly ObjectName[] {
  if ("release" in brings) {
    const { name, namespace } = brings.release;
    return [{ kind: "Release", namespace, name }];
  }
  return brings.objects.map(({ kind, metadata: { name, namespace } }) => ({
    ...{ kind, namespace, name },
  }));
}

interface Made {
  readonly kustomization: Readonly<Record<string, unknown>>;
  readonly files: Tree;
}

/**
 * Tests of a chart are no part of an install, and an install marks all that it makes, on each object itself and not on its
 * pods (helm pkg/action/validate.go, setMetadataVisitor): by the same marks a later one takes the objects over as they stand.
 * @see https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/helmcharts/
 */
function releaseTree({ name, namespace, chart, repo, version, values }: ReleasePlan): Made {
  refuse(`the release ${name}`, "values", values);
  const marks = {
    ...{ apiVersion: "v1", kind: "any" },
    metadata: {
      name: "any",
      labels: { "app.kubernetes.io/managed-by": "Helm" },
      annotations: {
        "meta.helm.sh/release-name": name,
        "meta.helm.sh/release-namespace": namespace,
      },
    },
  };
  const helmChart = {
    ...{ name: chart, repo, version, releaseName: name, namespace },
    ...{ valuesFile: "values.yaml", includeCRDs: true, skipTests: true },
  };
  return {
    kustomization: {
      helmCharts: [helmChart],
      patches: [{ target: { name: ".*" }, patch: yaml(marks) }],
    },
    files: { "values.yaml": yaml(values) },
  };
}

function objectTree(objects: readonly PlainObject[]): Made {
  const files = objects.map((object) => [fileOf(object, objects), document(object)] as const);
  return {
    kustomization: { resources: files.map(([file]) => file) },
    files: Object.fromEntries(files),
  };
}

function document(object: PlainObject): string {
  const title = `${object.kind} ${object.metadata.namespace}/${object.metadata.name}`;
  if (object.kind === "Secret")
    throw new Error(`${title} is secret, and a repository must hold none; ${remedy}`);
  refuse(title, "", object);
  return yaml(object);
}

const remedy = "have it made in the cluster by a OnePasswordItem, or leave gitops out";

/** Throws for a value that only a run knows: secrets are such, and nobody may tell by looking which are not. */
function refuse(title: string, path: string, value: unknown): void {
  if (Output.isInstance(value))
    throw new Error(
      `${title}: ${path} is known to a run alone, and may be secret; a repository must hold no such value: ${remedy}`,
    );
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value))
    refuse(title, path === "" ? key : `${path}.${key}`, inner);
}

/** `deployment.yaml`; with the name where there are several of a kind. */
function fileOf({ kind, metadata: { name } }: PlainObject, all: readonly PlainObject[]): string {
  const alone = all.filter((one) => one.kind === kind).length === 1;
  return `${kind.toLowerCase()}${alone ? "" : `-${name}`}.yaml`;
}

function yaml(value: unknown): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
}
