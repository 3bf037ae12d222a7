import { guarded, json, type WebError, type WebRequest } from "../web/exchange.ts";
import type { WebService } from "../web/server.ts";
import {
  ApiError,
  authenticationError,
  badIdentifier,
  noRoute,
  unauthorized,
} from "./api-error.ts";
import { isObject, withoutNulls, type JsonObject } from "./json.ts";
import type { KnownToken } from "./permissions.ts";
import type { RateLimit } from "./rate-limit.ts";
import type { Answer, Route } from "./route.ts";
import { authorize, type Tokens } from "./tokens.ts";

/** The account that is served, and who may ask how much. */
export interface CloudflareApi {
  readonly routes: readonly Route[];
  readonly tokens: Tokens;
  readonly rateLimit: RateLimit;
  readonly accountId: string;
  readonly zoneId: string;
}

const base = "/client/v4/";

/** Cloudflare's API: JSON in the envelope `success`, `errors`, `messages`, `result`. */
export function cloudflareWeb(api: CloudflareApi): WebService {
  return {
    name: "cloudflare",
    routes: guarded<KnownToken>(
      (request) => authenticate(api, request),
      api.routes.map((route) => ({
        method: route.method,
        url: `${base}${route.path}`,
        handle: (request, token) => json(envelope(serve(api, route, request, token))),
      })),
    ),
    notFound: noRoute,
    answerError: (error) => {
      const { message } = error;
      const errors = [{ code: codeOf(error), message }];
      return json({ success: false, errors, messages: [], result: null });
    },
  };
}

function authenticate({ tokens, rateLimit }: CloudflareApi, request: WebRequest): KnownToken {
  const path = request.path.slice(base.length).replace(/\/$/, "");
  const token = tokens.authenticate(request.headers.authorization, path);
  rateLimit.take(token.id);
  return token;
}

function serve(api: CloudflareApi, route: Route, request: WebRequest, token: KnownToken): Answer {
  const { parts, query } = request;
  checkPlace(api, request);
  authorize(token, route);
  const sent = bodyOf(request);
  return route.handle({ parts, query, body: withoutNulls(sent), sent, token });
}

/** The token belongs to one account with one zone; what lies elsewhere is not its to see. */
function checkPlace({ accountId, zoneId }: CloudflareApi, { parts, path }: WebRequest): void {
  const { account, zone } = parts;
  for (const id of [account, zone])
    if (id !== undefined && !/^[0-9a-f]{32}$/.test(id)) throw badIdentifier(path);
  if (account !== undefined && account !== accountId) throw authenticationError();
  if (zone !== undefined && zone !== zoneId) throw unauthorized();
}

function bodyOf({ body }: WebRequest): JsonObject {
  if (body.length === 0) return {};
  const value = parsed(body.toString("utf8"));
  if (isObject(value)) return value;
  throw malformed();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own text quotes the body, which may hold a secret.
    throw malformed();
  }
}

function malformed(): ApiError {
  return new ApiError(400, 6007, "Malformed JSON in request body: it must be a JSON object");
}

function envelope({ messages = [], ...answer }: Answer): JsonObject {
  return { ...answer, success: true, errors: [], messages };
}

/** The code of an error that is not the API's own: a fault's, or the web server's. */
function codeOf(error: WebError): number {
  if (error instanceof ApiError) return error.code;
  return error.status === 429 ? 971 : 10013;
}
