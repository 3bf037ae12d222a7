/** Pods in what the program itself registers: those of charts are their makers', and are not among its resources. */
import type { SeenResource } from "./rule.ts";
import { at, elements, isMap, text, type Seen, type SeenMap } from "./seen.ts";

/** A workload with the template of its pods. */
export interface Workload {
  readonly kind: string;
  readonly namespace: string;
  /** Where the pods' specification stands: `spec.template.spec`. */
  readonly path: string;
  readonly spec: SeenMap;
  /** Labels of the pods. */
  readonly labels: SeenMap;
  /** Pods at a time, where the number is known. */
  readonly replicas?: number;
}

/** Path of the pods' template by type. */
const templates: Readonly<Record<string, readonly string[]>> = {
  "kubernetes:apps/v1:Deployment": ["spec", "template"],
  "kubernetes:apps/v1:StatefulSet": ["spec", "template"],
  "kubernetes:apps/v1:DaemonSet": ["spec", "template"],
  "kubernetes:apps/v1:ReplicaSet": ["spec", "template"],
  "kubernetes:batch/v1:Job": ["spec", "template"],
  "kubernetes:batch/v1:CronJob": ["spec", "jobTemplate", "spec", "template"],
  "kubernetes:core/v1:Pod": [],
};

/** A resource as the workload that it is; undefined for any other. */
export function workload({ type, inputs }: SeenResource): Workload | undefined {
  const way = templates[type];
  if (way === undefined) return undefined;
  const replicas = at(inputs, "spec", "replicas");
  return {
    kind: type.split(":").at(-1) ?? type,
    namespace: text(at(inputs, "metadata", "namespace")) ?? "default",
    path: [...way, "spec"].join("."),
    spec: map(at(inputs, ...way, "spec")),
    labels: map(at(inputs, ...way, "metadata", "labels")),
    ...(typeof replicas === "number" ? { replicas } : {}),
  };
}

/** Whether its pods are to run on, and not to end. */
export function runsOn({ kind }: Workload): boolean {
  return kind !== "Job" && kind !== "CronJob";
}

/** The containers of a list, with their paths. */
export function containersOf(
  { path, spec }: Workload,
  list: "containers" | "initContainers",
): readonly (readonly [path: string, container: SeenMap])[] {
  return elements(spec[list]).map((one, i) => [`${path}.${list}[${i}]`, map(one)]);
}

export function map(value: Seen | undefined): SeenMap {
  const here = at(value);
  return isMap(here) ? here : {};
}
