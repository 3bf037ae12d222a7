import { Namespace } from "@pulumi/kubernetes/core/v1/namespace.js";
import type { CustomResourceOptions } from "@pulumi/pulumi";

/** Profile that the pods of a namespace must keep to. */
export type PodSecurity = "restricted" | "baseline" | "privileged";

/** A namespace that the program makes. */
export interface NamespacePlan {
  readonly name: string;
  /** The strictest profile that all of its pods keep to; `restricted` when left out. */
  readonly security?: PodSecurity;
  /** Labels besides those of its profile. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Such as why its pods need more than `restricted` lets them. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * Labels of a namespace. All three modes are named: what is left out takes the cluster's own, and that is `restricted` on
 * nodes with the CIS profile, which would refuse or warn of pods that another profile admits.
 * @see https://kubernetes.io/docs/concepts/security/pod-security-admission/#pod-security-admission-labels-for-namespaces
 * @see https://docs.rke2.io/security/pod_security_standards
 */
export function namespaceLabels({
  security = "restricted",
  labels,
}: NamespacePlan): Record<string, string> {
  return {
    ...labels,
    "pod-security.kubernetes.io/enforce": security,
    "pod-security.kubernetes.io/audit": security,
    "pod-security.kubernetes.io/warn": security,
  };
}

/**
 * Registers a namespace with the labels of its profile. `stacks/namespaces.ts` lists it as well, so that rules over all of
 * a site's namespaces see it before anything is registered.
 */
export function makeNamespace(
  name: string,
  plan: NamespacePlan,
  opts: CustomResourceOptions,
): Namespace {
  const { name: called, annotations } = plan;
  const labels = namespaceLabels(plan);
  return new Namespace(
    name,
    { metadata: { name: called, labels, ...(annotations === undefined ? {} : { annotations }) } },
    opts,
  );
}
