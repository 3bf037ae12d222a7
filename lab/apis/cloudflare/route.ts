import { ApiError } from "./api-error.ts";
import type { JsonObject } from "./json.ts";
import type { KnownToken, PermissionName } from "./permissions.ts";

/** One call to a route. */
export interface Call {
  /** Parts of the path, decoded. */
  readonly parts: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The body without nulls; `{}` when there was none. */
  readonly body: JsonObject;
  /** The body as it was sent, nulls included. */
  readonly sent: JsonObject;
  readonly token: KnownToken;
}

/** Place of a page in its list, as `result_info` tells it. */
export interface ResultInfo {
  readonly page: number;
  readonly per_page: number;
  readonly count: number;
  readonly total_count: number;
  readonly total_pages: number;
}

/** What goes into the envelope of a success. */
export interface Answer {
  readonly result: unknown;
  readonly result_info?: ResultInfo;
  readonly messages?: readonly { readonly code: number; readonly message: string }[];
}

/** One method on one path below `/client/v4`. */
export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path with `:name` parts, without a leading slash. */
  readonly path: string;
  /** Right that the token needs: to read for GET, to edit for the rest. None for what every token may do. */
  readonly permission?: PermissionName;
  handle(call: Call): Answer;
}

/** `accounts/ID` or `zones/ID`: where the call's objects live. */
export function scopeOf(call: Call): string {
  const { account, zone } = call.parts;
  return account === undefined ? `zones/${zone ?? ""}` : `accounts/${account}`;
}

/** Parameters of paging, and of an order that the lab does not change. */
const paging = ["page", "per_page"];

/**
 * One page of a list: `page` from 1, `per_page` entries; a page past the end is empty.
 * @throws 400 for a filter that is not among those named: an ignored one would answer with too much.
 */
export function pageOf(
  items: readonly unknown[],
  call: Call,
  filters: readonly string[] = [],
  perPage = 20,
): Answer {
  for (const name of call.query.keys())
    if (!paging.includes(name) && !filters.includes(name))
      throw new ApiError(400, 1001, `the lab's lists do not know the parameter '${name}'`);
  const page = wholeNumber(call.query, "page", 1);
  const size = wholeNumber(call.query, "per_page", perPage);
  const result = items.slice((page - 1) * size, page * size);
  return {
    result,
    result_info: {
      page,
      per_page: size,
      count: result.length,
      total_count: items.length,
      total_pages: Math.ceil(items.length / size),
    },
  };
}

function wholeNumber(query: URLSearchParams, name: string, missing: number): number {
  const text = query.get(name);
  if (text === null) return missing;
  if (!/^[1-9]\d{0,6}$/.test(text))
    throw new ApiError(400, 1001, `${name} must be a whole number from 1`);
  return Number(text);
}
