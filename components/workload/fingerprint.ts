import { createHmac } from "node:crypto";

/** Annotation of a pod template that changes with the pod's Secret, so that a new value rolls the pods out. */
export const fingerprintAnnotation = "homelab/secret-fingerprint";

/**
 * A mark of secret values that is safe to show: without the random `key` a guess at a short value cannot be tried against
 * it. 32 hex digits; equal for equal values in any order of their names.
 */
export function fingerprint(key: string, values: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHmac("sha256", key).update(JSON.stringify(sorted)).digest("hex").slice(0, 32);
}
