import { WebError } from "../web/exchange.ts";

/**
 * An error as Cloudflare's API answers it: a status of 400 or more, for the callers judge by the status alone, and
 * one code with its message in the envelope. The message reaches people's terminals whole: no secret goes into it.
 */
export class ApiError extends WebError {
  readonly code: number;

  constructor(
    status: number,
    code: number,
    message: string,
    headers?: Readonly<Record<string, string>>,
  ) {
    super(status, message, headers);
    this.code = code;
  }
}

/** What a body or a query may not hold; the code is the family's own. */
export type Refuse = (message: string) => ApiError;

/**
 * 409 for what exists already. Official clients repeat a 409 for three minutes; `x-should-retry` is their way to be
 * told that it is of no use, and the lab says so.
 */
export function conflict(code: number, message: string): ApiError {
  return new ApiError(409, code, message, { "x-should-retry": "false" });
}

/** A path that no route has. */
export function noRoute(): ApiError {
  return new ApiError(400, 7000, "No route for that URI");
}

/** A part of the path that cannot name anything. */
export function badIdentifier(path: string): ApiError {
  return new ApiError(
    400,
    7003,
    `Could not route to ${path}, perhaps your object identifier is invalid?`,
  );
}

/** A well-formed token without the right that the call needs. */
export function authenticationError(): ApiError {
  return new ApiError(403, 10000, "Authentication error");
}

/** A resource that the token may not see. */
export function unauthorized(): ApiError {
  return new ApiError(403, 9109, "Unauthorized to access requested resource");
}
