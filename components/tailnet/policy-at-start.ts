import { RunError } from "@pulumi/pulumi";
import { checkForeignPolicy, type PolicyNeeds } from "./foreign-policy.ts";
import type { PolicyInForce } from "./tailscale-types.ts";

/**
 * Asks for the tailnet's policy before anything is registered. The owner gets the policy in force, to remember it;
 * another stack is checked against it and gets nothing.
 * @throws RunError when the API cannot be asked, or when the policy lacks what a stack that does not own it needs.
 */
export async function policyAtStart(
  api: { policy(): Promise<PolicyInForce> },
  owns: boolean,
  needs: PolicyNeeds,
): Promise<PolicyInForce | undefined> {
  try {
    if (owns) return await api.policy();
    await checkForeignPolicy(api, needs);
    return undefined;
  } catch (error) {
    // A RunError is printed without a stack trace: it is about the site, not about the program.
    throw new RunError(error instanceof Error ? error.message : String(error));
  }
}
