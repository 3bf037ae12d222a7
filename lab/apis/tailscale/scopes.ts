import { ApiError } from "./api-error.ts";

/** Families of calls; each is also there as `NAME:read` (https://tailscale.com/kb/1623/trust-credentials). */
const families = [
  ...["account_settings", "auth_keys", "devices:core", "devices:posture_attributes"],
  ...["devices:routes", "devices:invites", "dns", "feature_settings", "federated_keys"],
  ...["log_streaming", "logs:configuration", "logs:network", "networking_settings"],
  ...["oauth_keys", "policy_file", "services", "users", "webhooks"],
];

const known = new Set(["all", ...families].flatMap((family) => [family, `${family}:read`]));

/** Whether Tailscale has a scope of this name. */
export const isScope = (scope: string): boolean => known.has(scope);

/** Whether the scopes held include one: a family includes its `:read`, `all` includes every one. */
export function permits(held: readonly string[], scope: string): boolean {
  const accepted = ["all", scope];
  if (scope.endsWith(":read")) accepted.push("all:read", scope.slice(0, -":read".length));
  return accepted.some((name) => held.includes(name));
}

/** Who makes a call: an OAuth client through one of its tokens. */
export interface Actor {
  readonly clientId: string;
  readonly scopes: readonly string[];
  /** Tags that it may give to others, besides those that these own; empty: every tag. */
  readonly tags: readonly string[];
}

/** @throws ApiError 403 when the actor lacks the scope. */
export function requireScope(actor: Actor, scope: string): void {
  if (!permits(actor.scopes, scope))
    throw new ApiError(
      403,
      "calling actor does not have enough permissions to perform this function",
    );
}
