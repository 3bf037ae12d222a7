import { z } from "zod";
import { everywhere, invalidRequest, type Kind } from "./collection.ts";
import { accept, type JsonObject } from "./json.ts";
import { checkGroupUse, checkRules, groupOf, rulesOf, ruleLists } from "./rules.ts";
import type { State, Store, StoredObject } from "./store.ts";

const rules = z.array(z.looseObject({}));
const form = z.looseObject({
  name: z.string("a group needs a name").min(1, "a group needs a name"),
  include: rules.min(1, "a group includes somebody"),
  exclude: rules.optional(),
  require: rules.optional(),
});

/** https://developers.cloudflare.com/api/resources/zero_trust/subresources/access/subresources/groups/ */
export function groupKind({ state }: Store): Kind {
  return {
    path: "groups",
    levels: everywhere,
    permission: "Access: Organizations, Identity Providers, and Groups",
    missing: [12104, "group"],
    select: ({ groups }) => groups,
    accept: (body, _scope, previous) => {
      const value = accept(form, body, invalidRequest);
      for (const list of ruleLists) {
        checkRules(rulesOf(value, list), list, state);
        if (rulesOf(value, list).some((rule) => groupOf(rule) !== undefined))
          throw invalidRequest(`${list}: the lab does not resolve groups inside groups`);
      }
      if (previous !== undefined) checkUses(value, previous, state);
      return { value };
    },
    release: ({ value: { id } }) => {
      if (usersOf(id, state).length === 0) return;
      throw invalidRequest("the group is named in a policy; take it out of the policy first");
    },
  };
}

/** The group as it is to be must do for the policies that name it. */
function checkUses(value: JsonObject, { value: { id } }: StoredObject, state: State): void {
  for (const policy of usersOf(id, state)) checkGroupUse(policy, { [id]: value });
}

function usersOf(id: string, { policies, applications }: State): JsonObject[] {
  const inline = Object.values(applications).flatMap(({ value }) => value.policies as JsonObject[]);
  return [...Object.values(policies).map(({ value }) => value), ...inline].filter((policy) =>
    ruleLists.some((list) => rulesOf(policy, list).some((rule) => groupOf(rule) === id)),
  );
}
