import { z } from "zod";
import { ApiError, conflict } from "./api-error.ts";
import { invalidRequest } from "./collection.ts";
import { accept, type JsonObject } from "./json.ts";
import { pageOf, part, scopeOf, type Call, type Route } from "./route.ts";
import type { Store } from "./store.ts";

const form = z.looseObject({ name: z.string().min(1, "a tag needs a name").max(35) });

/** Tags have no id but their name: https://developers.cloudflare.com/api/resources/zero_trust/subresources/access/subresources/tags/ */
export function tagRoutes(store: Store): Route[] {
  const all = "accounts/:account/access/tags";
  const permission = "Access: Apps and Policies";
  const { tags, applications } = store.state;
  const shown = (name: string): JsonObject => ({
    ...tags[name]?.value,
    app_count: Object.values(applications).filter(({ value }) =>
      ((value.tags ?? []) as string[]).includes(name),
    ).length,
  });
  const found = (call: Call): string => {
    const name = part(call, "name");
    if (!Object.hasOwn(tags, name))
      throw new ApiError(404, 12140, "access.api.error.tag_not_found");
    return name;
  };
  return [
    {
      ...{ method: "GET", path: all, permission },
      handle: (call) => pageOf(Object.keys(tags).map(shown), call),
    },
    {
      ...{ method: "POST", path: all, permission },
      handle: (call) => {
        const { name } = accept(form, call.body, invalidRequest);
        if (Object.hasOwn(tags, name)) throw conflict(12141, "access.api.error.tag_already_exists");
        const now = new Date().toISOString();
        const value = { id: name, name, created_at: now, updated_at: now };
        store.change((state) => (state.tags[name] = { scope: scopeOf(call), value }));
        return { result: shown(name) };
      },
    },
    {
      ...{ method: "GET", path: `${all}/:name`, permission },
      handle: (call) => ({ result: shown(found(call)) }),
    },
    {
      ...{ method: "DELETE", path: `${all}/:name`, permission },
      handle: (call) => {
        const name = found(call);
        if (shown(name).app_count !== 0)
          throw invalidRequest(`the tag '${name}' is used by an application`);
        store.change((state) => delete state.tags[name]);
        return { result: { name } };
      },
    },
  ];
}
