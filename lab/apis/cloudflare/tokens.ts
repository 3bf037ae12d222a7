import { createHash } from "node:crypto";
import { ApiError, authenticationError, unauthorized } from "./api-error.ts";
import { allows, permissionGroups } from "./permissions.ts";
import type { KnownToken, Permission, PermissionName } from "./permissions.ts";
import { pageOf, type Route } from "./route.ts";

/** An API token with its rights. */
export interface ApiToken {
  /** 40 to 80 letters, digits, `-` and `_`. */
  readonly value: string;
  readonly permissions: readonly Permission[];
}

const wellFormed = /^Bearer [0-9A-Za-z_-]{40,80}$/;

/** The tokens that the API accepts. */
export class Tokens {
  readonly #byHash: ReadonlyMap<string, KnownToken>;

  constructor(tokens: readonly ApiToken[]) {
    this.#byHash = new Map(
      tokens.map(({ value, permissions }) => {
        const hash = hashOf(value);
        return [hash, { id: hash.slice(0, 32), permissions }];
      }),
    );
  }

  /** Whose call this is. Throws as the API does: 400 without a well-formed header, else 403 (401 at `verify`). */
  authenticate(authorization: string | undefined, path: string): KnownToken {
    if (authorization === undefined)
      throw new ApiError(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers");
    if (!wellFormed.test(authorization))
      throw new ApiError(400, 6003, "Invalid request headers: invalid Authorization header");
    const token = this.#byHash.get(hashOf(authorization.slice("Bearer ".length)));
    if (token !== undefined) return token;
    if (path === verifyPath) throw new ApiError(401, 1000, "Invalid API Token");
    throw new ApiError(403, 9109, "Invalid access token");
  }
}

/** Throws 403 when the token may not do it. */
export function authorize(token: KnownToken, { method, permission }: Route): void {
  if (permission === undefined) return;
  if (allows(token.permissions, permission, method === "GET" ? "Read" : "Edit")) return;
  throw permission === "API Tokens" || permission === "Zone"
    ? unauthorized()
    : authenticationError();
}

const verifyPath = "user/tokens/verify";

/** A token's view of itself, and the list of permission groups. Tokens are neither shown nor made. */
export function tokenRoutes(): Route[] {
  const groups = (path: string, permission: PermissionName): Route => ({
    method: "GET",
    path: `${path}/permission_groups`,
    permission,
    handle: (call) => pageOf(filtered(call.query), call, ["name", "scope"], 1000),
  });
  return [
    {
      method: "GET",
      path: verifyPath,
      handle: ({ token }) => ({
        result: { id: token.id, status: "active" },
        messages: [{ code: 10000, message: "This API Token is valid and active" }],
      }),
    },
    groups("user/tokens", "API Tokens"),
    groups("accounts/:account/tokens", "Account API Tokens"),
    ...closed("user/tokens", "API Tokens"),
    ...closed("accounts/:account/tokens", "Account API Tokens"),
  ];
}

/** The calls that show or change tokens: refused without the right, and not served with it. */
function closed(path: string, permission: PermissionName): Route[] {
  const handle = (): never => {
    throw new ApiError(501, 7000, "the lab neither shows nor makes API tokens");
  };
  const one = `${path}/:id`;
  return [
    ...(["GET", "POST"] as const).map((method) => ({ method, path, permission, handle })),
    ...(["GET", "PUT", "DELETE"] as const).map((method) => ({
      ...{ method, path: one, permission, handle },
    })),
  ];
}

function filtered(query: URLSearchParams): unknown[] {
  const [name, scope] = [query.get("name"), query.get("scope")];
  return permissionGroups().filter(
    (group) =>
      (name === null || group.name === name) && (scope === null || group.scopes.includes(scope)),
  );
}

function hashOf(value: string): string {
  return createHash("sha256").update(value).digest("hex");
}
