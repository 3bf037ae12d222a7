import { createHash } from "node:crypto";
import { ResourceHook } from "@pulumi/pulumi";
import { policyDifference, samePolicy } from "./policy-document.ts";
import type { FailedTest, PolicyInForce, TailnetDevice } from "./tailscale-types.ts";

/** Calls of Tailscale's API that the guard makes. */
export interface PolicyApi {
  policy(): Promise<PolicyInForce>;
  validatePolicy(policy: string): Promise<readonly FailedTest[]>;
  devices(): Promise<readonly TailnetDevice[]>;
}

/** A policy that is about to be applied. */
export interface PolicyChange {
  readonly next: string;
  /** What this stack wrote last; undefined when it never wrote one. */
  readonly written?: string | undefined;
  /** From the site file: SHA-256 of a foreign policy that may be replaced, or `default` for Tailscale's own. */
  readonly adopt?: string | undefined;
  /** What a destroy of this site leaves in force for the other sites: the program's own, when the site is raised again. */
  readonly left?: string | undefined;
  /** Tags of the sites that the policy is made for: their devices are no strangers. */
  readonly tags: readonly string[];
}

/** SHA-256 of a policy's text, 64 hex digits. */
export function policySha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/**
 * Rejects, with what to do, when a policy must not be applied: one of its own tests fails, somebody edited the policy in
 * force since this stack wrote it, or this stack never wrote one, the tailnet is in use, and nobody confirmed. Tailscale's
 * default is in use as well once there are devices: it only means that nobody edited it. The provider asks none of this:
 * it posts, and on updates without If-Match.
 */
export async function guardPolicy(api: PolicyApi, change: PolicyChange): Promise<void> {
  const failed = await api.validatePolicy(change.next);
  if (failed.length > 0) throw new Error(testFailure(failed));
  const inForce = await api.policy();
  if (samePolicy(inForce.text, change.next)) return;
  if (change.written !== undefined) {
    if (!samePolicy(inForce.text, change.written)) {
      throw new Error(editedElsewhere(change, inForce.text));
    }
    return;
  }
  if (isConfirmed(inForce, change)) return;
  const strangers = (await api.devices()).filter(
    ({ tags }) => !tags.some((tag) => change.tags.includes(tag)),
  );
  if (inForce.isDefault && strangers.length === 0) return;
  throw new Error(foreignPolicy(inForce, change, strangers));
}

/** Whether the policy in force may be replaced: the site file names it, or a destroy of this very site has left it. */
function isConfirmed(
  { text, isDefault }: PolicyInForce,
  { adopt, left }: Pick<PolicyChange, "adopt" | "left">,
): boolean {
  return (
    policySha256(text) === adopt ||
    (isDefault && adopt === "default") ||
    (left !== undefined && samePolicy(text, left))
  );
}

/** Whether the first post may replace what is in force though it is not Tailscale's default: it says the same, or is confirmed. */
export function mayOverwrite(
  inForce: PolicyInForce,
  change: Pick<PolicyChange, "next" | "adopt" | "left">,
): boolean {
  if (inForce.isDefault) return false;
  return samePolicy(inForce.text, change.next) || isConfirmed(inForce, change);
}

/**
 * Hooks for the policy and for what remembers the one before it: both ask before anything is posted, and already in a
 * preview.
 */
export function policyHooks(
  name: string,
  api: PolicyApi,
  change: PolicyChange,
): { readonly create: ResourceHook; readonly update: ResourceHook } {
  const onDryRun = { onDryRun: true };
  return {
    create: new ResourceHook(`${name}-create-guard`, () => guardPolicy(api, change), onDryRun),
    update: new ResourceHook(
      `${name}-update-guard`,
      ({ oldInputs, oldOutputs }) =>
        guardPolicy(api, {
          ...change,
          written: policyOf(oldOutputs) ?? policyOf(oldInputs) ?? "{}",
        }),
      onDryRun,
    ),
  };
}

function policyOf(values: unknown): string | undefined {
  const acl = (values as Record<string, unknown> | undefined)?.["acl"];
  return typeof acl === "string" ? acl : undefined;
}

function testFailure(failed: readonly FailedTest[]): string {
  const lines = failed.flatMap(({ user, errors }) => errors.map((error) => `  ${user}: ${error}`));
  return [
    "the tailnet's policy fails its own tests and was not applied:",
    ...lines,
    "Change homelab:tailnet.policy until they hold; docs/tailnet.md says which tests the program adds.",
  ].join("\n");
}

function editedElsewhere({ written = "{}" }: PolicyChange, inForce: string): string {
  return [
    "the tailnet's policy was edited elsewhere since this stack wrote it; nothing was overwritten. " +
      "What differs (- as written here, + as in force):",
    policyDifference(written, inForce),
    "`npm run preview -- --refresh` shows it. Take the edit over into homelab:tailnet.policy, or overwrite it by " +
      "`npm run up -- --refresh`.",
  ].join("\n");
}

function foreignPolicy(
  { text, isDefault }: PolicyInForce,
  { next }: PolicyChange,
  strangers: readonly TailnetDevice[],
): string {
  const whose = isDefault ? "Tailscale's default policy" : "a policy of its own";
  return [
    `the tailnet has ${whose}, which this stack would replace as a whole. That touches ${affected(strangers)}. What ` +
      "changes (- goes, + comes):",
    policyDifference(text, next),
    "Read the policy first (Access controls in the admin console) and take over what is needed into " +
      `homelab:tailnet.policy. Then confirm with homelab:tailnet.policy.adopt: ${isDefault ? "default" : policySha256(text)}; ` +
      "destroy puts it back.",
  ].join("\n");
}

/** How many devices and people there are beside the site's own. */
function affected(strangers: readonly TailnetDevice[]): string {
  if (strangers.length === 0) return "no device but the site's own";
  const tagged = strangers.filter(({ tags }) => tags.length > 0);
  const people = new Set(strangers.filter(({ tags }) => tags.length === 0).map(({ user }) => user));
  const count = (number: number, one: string, many: string): string =>
    `${number} ${number === 1 ? one : many}`;
  return [
    count(strangers.length, "device", "devices"),
    ` of ${count(people.size, "user", "users")}`,
    people.size === 0 ? "" : ` (${[...people].sort().join(", ")})`,
    tagged.length === 0 ? "" : `, ${tagged.length} of them with tags of others`,
  ].join("");
}
