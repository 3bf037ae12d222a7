/** The objects that are a workload itself, as Pulumi's provider and a repository are told them alike. */
import type { policy } from "@pulumi/kubernetes/types/input.js";
import { deploymentSpec, type PodsPlan } from "./pods.ts";
import { appLabels, appSelector } from "./restricted.ts";

/** An object of the cluster, whole. */
export interface PlainObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
}

/** How many pods of a workload may be missing, or must be there, while nodes are drained. */
export type Budget = Pick<policy.v1.PodDisruptionBudgetSpec, "minAvailable" | "maxUnavailable">;

const metadata = (app: string, namespace = app) => ({
  ...{ name: app, namespace, labels: appLabels(app) },
});

export function workloadDeployment(plan: PodsPlan) {
  return { metadata: metadata(plan.app), spec: deploymentSpec(plan) };
}

/** The budget of a workload's pods, in the namespace of its name unless it is in another. */
export function workloadBudget(app: string, budget: Budget, namespace = app) {
  return { metadata: metadata(app, namespace), spec: { ...budget, selector: appSelector(app) } };
}
