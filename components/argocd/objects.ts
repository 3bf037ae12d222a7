/** Projects, Applications and ApplicationSets (`argoproj.io/v1alpha1`) that the program makes itself. */
import { argocdNamespace, inCluster } from "./names.ts";

/** What Applications of a project may bring, and from where. */
export interface ProjectPlan {
  readonly name: string;
  /** Addresses of repositories. */
  readonly repositories: readonly string[];
  /** Namespaces of the cluster, `*` for all. */
  readonly namespaces: readonly string[];
  /** Whether they may bring objects of no namespace, such as custom resource definitions and cluster roles. */
  readonly clusterWide: boolean;
}

/** Something in a repository that Argo CD brings to the cluster. */
export interface ApplicationPlan {
  readonly name: string;
  readonly project: string;
  /** Address of the repository. */
  readonly repository: string;
  readonly revision: string;
  /** Folder in it. */
  readonly path: string;
  /** Whether each folder in it is an Application of its own, in a namespace called like it. */
  readonly each: boolean;
  /** Namespace of what says none; of `each` the folder's name. */
  readonly namespace: string;
  /** Whether what disappears from the repository is deleted in the cluster. */
  readonly prune: boolean;
}

const apiVersion = "argoproj.io/v1alpha1";
const metadata = (name: string) => ({ name, namespace: argocdNamespace.name });

/** @see https://github.com/argoproj/argo-cd/blob/v3.4.4/docs/operator-manual/project.yaml */
export function project({ name, repositories, namespaces, clusterWide }: ProjectPlan) {
  return {
    apiVersion,
    kind: "AppProject",
    metadata: metadata(name),
    spec: {
      sourceRepos: [...repositories],
      destinations: namespaces.map((namespace) => ({ server: inCluster, namespace })),
      clusterResourceWhitelist: clusterWide ? [{ group: "*", kind: "*" }] : [],
    },
  };
}

/** An Application, or an ApplicationSet that makes one of each folder. */
export function application(plan: ApplicationPlan) {
  return plan.each ? applicationSet(plan) : single(plan);
}

/** Without a finalizer: what it has brought stays when it is deleted. */
function single(plan: ApplicationPlan) {
  const { name, project: of, repository, revision, path, namespace } = plan;
  return {
    apiVersion,
    kind: "Application",
    metadata: metadata(name),
    spec: {
      project: of,
      source: { repoURL: repository, targetRevision: revision, path },
      destination: { server: inCluster, namespace },
      syncPolicy: syncPolicy(plan, []),
    },
  };
}

/** Its Applications go with it, and what they have brought stays. */
function applicationSet(plan: ApplicationPlan) {
  const { name, project: of, repository, revision, path } = plan;
  return {
    apiVersion,
    kind: "ApplicationSet",
    metadata: metadata(name),
    spec: {
      goTemplate: true,
      goTemplateOptions: ["missingkey=error"],
      generators: [
        { git: { repoURL: repository, revision, directories: [{ path: `${path}/*` }] } },
      ],
      syncPolicy: { preserveResourcesOnDeletion: true },
      template: {
        metadata: { name: "{{.path.basenameNormalized}}" },
        spec: {
          project: of,
          source: { repoURL: repository, targetRevision: revision, path: "{{.path.path}}" },
          destination: { server: inCluster, namespace: "{{.path.basenameNormalized}}" },
          syncPolicy: syncPolicy(plan, ["CreateNamespace=true"]),
        },
      },
    },
  };
}

/** Server-side: large custom resource definitions do not fit in the annotation of a client's apply. */
function syncPolicy({ prune }: ApplicationPlan, more: readonly string[]) {
  return {
    automated: { prune, selfHeal: true },
    syncOptions: ["ServerSideApply=true", ...more],
  };
}
