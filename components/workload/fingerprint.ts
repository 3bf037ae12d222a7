import { createHmac } from "node:crypto";
import { RandomPassword } from "@pulumi/random/randomPassword.js";
import { all, unsecret, type Input, type Output, type Resource } from "@pulumi/pulumi";

/** Annotation of a pod template that changes with the pod's Secret, so that a new value rolls the pods out. */
export const fingerprintAnnotation = "homelab/secret-fingerprint";

/** A random key for fingerprints, kept in the state under this name; secret. */
export function drawnKey(name: string, parent: Resource | undefined): Output<string> {
  return new RandomPassword(name, { length: 43, special: false }, { parent }).result;
}

/**
 * A mark of secret values that is safe to show: without the random `key` a guess at a short value cannot be tried against
 * it. 32 hex digits; equal for equal values in any order of their names.
 */
export function fingerprint(key: string, values: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHmac("sha256", key).update(JSON.stringify(sorted)).digest("hex").slice(0, 32);
}

/** The mark of secret values by a secret key; itself no secret. */
export function secretMark(
  key: Input<string>,
  values: Input<Readonly<Record<string, string>>>,
): Output<string> {
  return unsecret(all([key, values]).apply(([text, plain]) => fingerprint(text, plain)));
}
