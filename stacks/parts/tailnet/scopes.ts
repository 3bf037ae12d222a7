/** What the OAuth client that the stack works with must be able to do. */
import type { SiteConfig } from "../../schema.ts";

/** Families of scopes: https://tailscale.com/kb/1623/trust-credentials */
const families = [
  ...["account_settings", "auth_keys", "devices:core", "devices:posture_attributes"],
  ...["devices:routes", "devices:invites", "dns", "feature_settings", "federated_keys"],
  ...["log_streaming", "logs:configuration", "logs:network", "networking_settings"],
  ...["oauth_keys", "policy_file", "services", "users", "webhooks", "all"],
];

/** Scopes that docs/tailnet.md lists for a site. */
export function neededScopes({
  policy,
  https,
}: Pick<NonNullable<SiteConfig["tailnet"]>, "policy" | "https">): readonly string[] {
  return [
    policy === undefined ? "policy_file:read" : "policy_file",
    ...["auth_keys", "oauth_keys", "devices:core", "services", "dns"],
    ...(https ? ["networking_settings"] : []),
  ];
}

/** Scopes of another form than is known; what a client with some can do is not known either. */
export function strangeScopes(held: readonly string[]): readonly string[] {
  return held.filter((scope) => !families.includes(scope.replace(/:read$/, "")));
}

/**
 * What a client lacks: a family includes its `:read`, and `all` every one. Undefined where it holds scopes of another form.
 */
export function lackingScopes(
  held: readonly string[],
  needed: readonly string[],
): readonly string[] | undefined {
  if (strangeScopes(held).length > 0) return undefined;
  return needed.filter((scope) => {
    const enough = scope.endsWith(":read") ? ["all:read", scope.slice(0, -":read".length)] : [];
    return !["all", scope, ...enough].some((one) => held.includes(one));
  });
}
