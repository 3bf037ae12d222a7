/** Whether the OAuth client that the stack works with may do all that it must: reading proves nothing of that. */
import { ok, problem, type Finding } from "../../../doctor/finding.ts";
import type { SiteConfig } from "../../../schema.ts";

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

/** Judges what a client holds; a family includes its `:read`, and `all` every one. */
export function judgeScopes(
  held: readonly string[] | undefined,
  needed: readonly string[],
): Finding {
  const subject = "tailnet, scopes to write";
  if (held === undefined) return ok(subject, "Tailscale does not tell what the client holds");
  const strange = held.filter((scope) => !families.includes(scope.replace(/:read$/, "")));
  if (strange.length > 0)
    return ok(subject, `the client holds scopes of another form: ${strange.join(", ")}`);
  const holds = (scope: string): boolean => {
    const enough = scope.endsWith(":read") ? ["all:read", scope.slice(0, -":read".length)] : [];
    return ["all", scope, ...enough].some((one) => held.includes(one));
  };
  const lacking = needed.filter((scope) => !holds(scope));
  if (lacking.length === 0) return ok(subject, "the client holds all that the stack needs");
  return problem(
    subject,
    `the OAuth client lacks ${lacking.join(", ")}`,
    "give it what docs/tailnet.md lists: admin console > Settings > Trust credentials",
  );
}
