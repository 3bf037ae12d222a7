import { randomUUID } from "node:crypto";
import { part } from "../web/exchange.ts";
import { ApiError } from "./api-error.ts";
import { durationForm } from "./durations.ts";
import type { JsonObject } from "./json.ts";
import type { PermissionName } from "./permissions.ts";
import { pageOf, scopeOf, type Call, type Route } from "./route.ts";
import { entry, type State, type Store, type StoredObject } from "./store.ts";

/** What is kept of a body, and what only this one answer tells. */
export interface Accepted {
  /** Answered by every GET. */
  readonly value: JsonObject;
  /** Never answered. */
  readonly hidden?: JsonObject;
  /** Answered now and never again. */
  readonly once?: JsonObject;
}

/** One kind of Access object, such as policies. */
export interface Kind {
  /** Last part of the path: `policies`, `apps`. */
  readonly path: string;
  /** Where it lives; reusable policies belong to the account alone. */
  readonly levels: readonly ("accounts/:account" | "zones/:zone")[];
  readonly permission: PermissionName;
  /** Code and name of a missing one. */
  readonly missing: readonly [number, string];
  select(state: State): Record<string, StoredObject>;
  /** The body as it is to be kept; `previous` when it replaces one. Throws 400 or 409. */
  accept(body: JsonObject, scope: string, previous?: StoredObject): Accepted;
  /** How it is answered. Default: its value. */
  show?(object: StoredObject): JsonObject;
  /** Throws when something still needs it. */
  release?(object: StoredObject): void;
}

export const everywhere = ["accounts/:account", "zones/:zone"] as const;

/** Access' answer to a body that cannot be. */
export function invalidRequest(message: string): ApiError {
  return new ApiError(400, 12130, `access.api.error.invalid_request: ${message}`);
}

/** A pattern for zod, with the text for those who miss it. */
export const duration = [durationForm, "use a time such as 24h, 30m or 1h30m"] as const;

/** List, create, read, replace and delete, at each level of the kind. Updates replace the whole object. */
export function collectionRoutes(store: Store, kind: Kind): Route[] {
  return kind.levels.flatMap((level) => {
    const all = `${level}/access/${kind.path}`;
    const { permission } = kind;
    return [
      { method: "GET", path: all, permission, handle: (call: Call) => list(store, kind, call) },
      {
        ...{ method: "POST", path: all, permission },
        handle: (call: Call) => ({ result: write(store, kind, call) }),
      },
      {
        ...{ method: "GET", path: `${all}/:id`, permission },
        handle: (call: Call) => ({ result: shown(kind, objectAt(store, kind, call)) }),
      },
      {
        ...{ method: "PUT", path: `${all}/:id`, permission },
        handle: (call: Call) => ({
          result: write(store, kind, call, objectAt(store, kind, call)),
        }),
      },
      {
        ...{ method: "DELETE", path: `${all}/:id`, permission },
        handle: (call: Call) => ({ result: remove(store, kind, call) }),
      },
    ] satisfies Route[];
  });
}

/** The object that the call's path names. Throws 404. */
export function objectAt(store: Store, kind: Kind, call: Call): StoredObject {
  const object = entry(kind.select(store.state), part(call, "id"));
  if (object?.scope === scopeOf(call)) return object;
  const [code, name] = kind.missing;
  throw new ApiError(404, code, `access.api.error.${name}_not_found`);
}

/** Keeps what was accepted, in place of the previous one, and answers it with what is told once. */
export function keep(
  store: Store,
  kind: Kind,
  scope: string,
  { value, hidden, once }: Accepted,
  previous?: StoredObject,
): JsonObject {
  const now = new Date().toISOString();
  const id = previous?.value.id ?? randomUUID();
  const created = previous?.value.created_at ?? now;
  const object: StoredObject = {
    scope,
    value: { ...value, id, created_at: created, updated_at: now },
    hidden,
  };
  store.change((state) => (kind.select(state)[id] = object));
  return { ...shown(kind, object), ...once };
}

function list(store: Store, kind: Kind, call: Call): ReturnType<typeof pageOf> {
  const name = call.query.get("name");
  const objects = Object.values(kind.select(store.state))
    .filter(({ scope }) => scope === scopeOf(call))
    .filter(({ value }) => name === null || value.name === name);
  return pageOf(
    objects.map((object) => shown(kind, object)),
    call,
    ["name"],
    25,
  );
}

function write(store: Store, kind: Kind, call: Call, previous?: StoredObject): JsonObject {
  const scope = scopeOf(call);
  return keep(store, kind, scope, kind.accept(call.body, scope, previous), previous);
}

function remove(store: Store, kind: Kind, call: Call): JsonObject {
  const object = objectAt(store, kind, call);
  kind.release?.(object);
  const { id } = object.value;
  store.change((state) => delete kind.select(state)[id]);
  return { id };
}

function shown(kind: Kind, object: StoredObject): JsonObject {
  return kind.show?.(object) ?? object.value;
}
