/** Evaluation of an Access application's policies. */
import { fits, unknownRules, type Visitor } from "./access-rules.ts";
import type { AccessApplication, AccessPolicy } from "./world.ts";

/**
 * What becomes of a request: `bypass` and `service` pass without a person's identity, `allow` with one, `login`
 * asks for one, `forbidden` is the end.
 */
export type Verdict = "bypass" | "service" | "allow" | "login" | "forbidden";

/**
 * Decides as Cloudflare documents it: bypass and service policies come first, then allow and deny, each in order of
 * precedence; who fits none is refused. An application with a rule that the lab does not know refuses everybody.
 */
export function decide(application: AccessApplication, visitor: Visitor): Verdict {
  const { policies } = application;
  if (policies.some((policy) => unknownRules(policy).length > 0)) return "forbidden";
  for (const policy of policies) {
    if (!concerns(policy, visitor)) continue;
    if (policy.decision === "bypass") return "bypass";
    if (policy.decision === "non_identity" && visitor.serviceToken !== undefined) return "service";
  }
  if (visitor.email === undefined) return "login";
  const first = policies.find(
    (policy) =>
      (policy.decision === "allow" || policy.decision === "deny") && concerns(policy, visitor),
  );
  return first?.decision === "allow" ? "allow" : "forbidden";
}

/** Include is any, require is all, exclude is none. */
function concerns(policy: AccessPolicy, visitor: Visitor): boolean {
  return (
    policy.include.some((rule) => fits(rule, visitor)) &&
    policy.require.every((rule) => fits(rule, visitor)) &&
    !policy.exclude.some((rule) => fits(rule, visitor))
  );
}
