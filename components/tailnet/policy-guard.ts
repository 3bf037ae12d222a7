import { createHash } from "node:crypto";
import { ResourceHook } from "@pulumi/pulumi";
import { textDifference } from "./text-difference.ts";
import type { FailedTest, PolicyInForce } from "./tailscale-types.ts";

/** Calls of Tailscale's API that the guard makes. */
export interface PolicyApi {
  policy(): Promise<PolicyInForce>;
  validatePolicy(policy: string): Promise<readonly FailedTest[]>;
}

/** A policy that is about to be applied. */
export interface PolicyChange {
  readonly next: string;
  /** What this stack wrote last; undefined when it never wrote one. */
  readonly written?: string | undefined;
  /** SHA-256 of a foreign policy that may be replaced, from the site file. */
  readonly adopt?: string | undefined;
}

/** SHA-256 of a policy's text, 64 hex digits. */
export function policySha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/**
 * Rejects, with what to do, when a policy must not be applied: one of its own tests fails, somebody edited the policy in
 * force since this stack wrote it, or the tailnet has one that this stack never wrote and nobody confirmed. The provider
 * asks none of this: it posts, and on updates without If-Match.
 */
export async function guardPolicy(api: PolicyApi, change: PolicyChange): Promise<void> {
  const failed = await api.validatePolicy(change.next);
  if (failed.length > 0) throw new Error(testFailure(failed));
  const inForce = await api.policy();
  if (same(inForce.text, change.next)) return;
  if (change.written !== undefined) {
    if (!same(inForce.text, change.written)) throw new Error(editedElsewhere(change, inForce.text));
  } else if (!mayReplace(inForce, change)) {
    throw new Error(foreignPolicy(inForce.text));
  }
}

/**
 * Whether a policy that this stack never wrote may be replaced: it is the default, the very same, or the one that the
 * site file names.
 */
export function mayReplace(inForce: PolicyInForce, { next, adopt }: PolicyChange): boolean {
  return inForce.isDefault || same(inForce.text, next) || policySha256(inForce.text) === adopt;
}

/**
 * Hooks for the policy and for what remembers the one before it: both ask before anything is posted, and already in a
 * preview.
 */
export function policyHooks(
  name: string,
  api: PolicyApi,
  next: string,
  adopt: string | undefined,
): { readonly create: ResourceHook; readonly update: ResourceHook } {
  const onDryRun = { onDryRun: true };
  return {
    create: new ResourceHook(
      `${name}-create-guard`,
      () => guardPolicy(api, { next, adopt }),
      onDryRun,
    ),
    update: new ResourceHook(
      `${name}-update-guard`,
      ({ oldInputs, oldOutputs }) =>
        guardPolicy(api, { next, written: policyOf(oldOutputs) ?? policyOf(oldInputs) ?? "" }),
      onDryRun,
    ),
  };
}

function policyOf(values: unknown): string | undefined {
  const acl = (values as Record<string, unknown> | undefined)?.["acl"];
  return typeof acl === "string" ? acl : undefined;
}

function same(a: string, b: string): boolean {
  return a.trim() === b.trim();
}

function testFailure(failed: readonly FailedTest[]): string {
  const lines = failed.flatMap(({ user, errors }) => errors.map((error) => `  ${user}: ${error}`));
  return [
    "the tailnet's policy fails its own tests and was not applied:",
    ...lines,
    "Change homelab:tailnet.policy until they hold; docs/tailnet.md says which tests the program adds.",
  ].join("\n");
}

function editedElsewhere({ written = "" }: PolicyChange, inForce: string): string {
  return [
    "the tailnet's policy was edited elsewhere since this stack wrote it; nothing was overwritten. " +
      "Lines that differ (- as written here, + as in force):",
    textDifference(written, inForce),
    "`npm run preview -- --refresh` shows it. Take the edit over into homelab:tailnet.policy, or overwrite it by " +
      "`npm run up -- --refresh`.",
  ].join("\n");
}

function foreignPolicy(inForce: string): string {
  return (
    "the tailnet already has a policy of its own, which this stack would replace as a whole. Read it first (Access " +
    "controls in the admin console) and take over what is needed into homelab:tailnet.policy. Then confirm with " +
    `homelab:tailnet.policy.adopt: ${policySha256(inForce)}; destroy puts it back.`
  );
}
