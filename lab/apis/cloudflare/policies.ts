import { z } from "zod";
import { duration, invalidRequest, type Kind } from "./collection.ts";
import { accept, type JsonObject } from "./json.ts";
import { checkGroupUse, checkRules, rulesOf, ruleLists } from "./rules.ts";
import type { State, Store } from "./store.ts";

const rules = z.array(z.looseObject({}));

/** Members that reusable and inline policies have in common. */
const form = z.looseObject({
  name: z.string("a policy needs a name").min(1, "a policy needs a name"),
  decision: z.enum(
    ["allow", "deny", "bypass", "non_identity"],
    "use allow, deny, bypass or non_identity",
  ),
  include: rules.min(1, "a policy includes somebody"),
  exclude: rules.optional(),
  require: rules.optional(),
  session_duration: z
    .string()
    .regex(...duration)
    .optional(),
});

/** Checks a policy's body; what was sent is kept as it is. */
export function acceptPolicy(body: unknown, state: State): JsonObject {
  const policy = accept(form, body, invalidRequest);
  for (const list of ruleLists) checkRules(rulesOf(policy, list), list, state);
  const groups = Object.entries(state.groups).map(([id, { value }]) => [id, value] as const);
  checkGroupUse(policy, Object.fromEntries(groups));
  return policy;
}

/** Reusable policies: https://developers.cloudflare.com/api/resources/zero_trust/subresources/access/subresources/policies/ */
export function policyKind({ state }: Store): Kind {
  return {
    path: "policies",
    levels: ["accounts/:account"],
    permission: "Access: Apps and Policies",
    missing: [12083, "policy"],
    select: ({ policies }) => policies,
    accept: (body) => ({
      value: { session_duration: "24h", ...acceptPolicy(body, state), reusable: true },
    }),
    // What the real service does with an application's policy is not published: the lab keeps the safe side.
    release: ({ value: { id } }) => {
      const users = Object.values(state.applications).filter(({ value }) =>
        (value.policies as { id: string }[]).some((policy) => policy.id === id),
      );
      if (users.length === 0) return;
      const names = users.map(({ value }) => `'${String(value.name)}'`).join(", ");
      throw invalidRequest(`the policy is used by ${names}; take it out of the application first`);
    },
  };
}
