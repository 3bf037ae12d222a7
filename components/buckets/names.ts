/** How what belongs to buckets of applications is called in the cluster: by objects, policies and scripts alike. */
import type { NamespacePlan } from "../workload/namespace.ts";

/** Namespace of their claims, of their keys, and of what copies them; its pods keep to `restricted`. */
export const bucketsNamespace = { name: "buckets" } as const satisfies NamespacePlan;

/** Labels of the pods that copy and fill buckets. */
export const copyLabels = { "app.kubernetes.io/name": "bucket-copy" } as const;

/** Secret and ConfigMap by which a bucket's copy is made. */
export const copyName = (bucket: string): string => `${bucket}.copy`;

/** Job that fills a bucket from its copy. */
export const fillName = (bucket: string): string => `${bucket}-fill`;
