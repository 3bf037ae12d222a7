/** Whose pods use a claim: they are gone before it is filled anew, and come back as many as they were. */

/** How many pods a workload had before a restore; there until it has them again, so that a run that was cut off can be repeated. */
export const replicasAnnotation = "homelab/replicas-before-restore";

/** A pod's spec, as far as it names claims. */
interface PodSpec {
  readonly volumes?: readonly {
    readonly persistentVolumeClaim?: { readonly claimName: string };
  }[];
}

interface Metadata {
  readonly name: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly {
    readonly kind: string;
    readonly name: string;
    readonly controller?: boolean;
  }[];
}

/** A Deployment or a StatefulSet, as far as a restore looks. */
export interface WorkloadInForce {
  readonly kind: string;
  readonly metadata: Metadata;
  readonly spec: {
    readonly replicas?: number;
    readonly template: { readonly spec: PodSpec };
    readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[];
  };
}

/** A pod, likewise. */
export interface PodInForce {
  readonly metadata: Metadata;
  readonly spec: PodSpec;
  readonly status?: { readonly phase?: string };
}

/** A workload whose pods use a claim. */
export interface User {
  /** As kubectl names it: `deployment/immich`. */
  readonly name: string;
  /** Pods that it is to have again. */
  readonly replicas: number;
}

const claimsOf = ({ volumes = [] }: PodSpec): readonly string[] =>
  volumes.flatMap(({ persistentVolumeClaim: claim }) => (claim ? [claim.claimName] : []));

/** Whether a workload's pods have a claim: by its template, or by one that a StatefulSet makes of a template of its own. */
function uses({ metadata, spec }: WorkloadInForce, claims: ReadonlySet<string>): boolean {
  if (claimsOf(spec.template.spec).some((claim) => claims.has(claim))) return true;
  return (spec.volumeClaimTemplates ?? []).some(({ metadata: { name } }) =>
    [...claims].some((claim) => new RegExp(`^${name}-${metadata.name}-\\d+$`).test(claim)),
  );
}

/** The workloads that use claims, and what keeps anybody from stopping them for a while. */
export function usersOf(
  claims: ReadonlySet<string>,
  workloads: readonly WorkloadInForce[],
): { readonly users: readonly User[]; readonly obstacles: readonly string[] } {
  const found = workloads.filter((one) => uses(one, claims));
  return {
    users: found.map(({ kind, metadata: { name, annotations = {} }, spec: { replicas = 1 } }) => ({
      name: `${kind.toLowerCase()}/${name}`,
      replicas: Number(annotations[replicasAnnotation] ?? replicas),
    })),
    obstacles: found.flatMap(obstacle),
  };
}

/** Somebody else would start its pods again: an operator, or Argo CD, which marks what it looks after. */
function obstacle({ kind, metadata }: WorkloadInForce): readonly string[] {
  const { name, annotations = {}, labels = {}, ownerReferences = [] } = metadata;
  const what = `${kind.toLowerCase()}/${name}`;
  const owner = ownerReferences.find(({ controller }) => controller === true);
  if (owner !== undefined)
    return [`${what} is run by ${owner.kind} ${owner.name}: have that one run no pods first`];
  const argo = "argocd.argoproj.io/";
  if ([...Object.keys(annotations), ...Object.keys(labels)].some((key) => key.startsWith(argo)))
    return [
      `${what} is Argo CD's, which would start its pods again: switch its Application's self-healing off first`,
    ];
  return [];
}

/** Pods that still have a claim; movers of backups among them, and those that have ended are not. */
export function holders(claims: ReadonlySet<string>, pods: readonly PodInForce[]): string[] {
  return pods
    .filter(({ status: { phase = "" } = {} }) => !["Succeeded", "Failed"].includes(phase))
    .filter(({ spec }) => claimsOf(spec).some((claim) => claims.has(claim)))
    .map(({ metadata: { name } }) => name);
}
