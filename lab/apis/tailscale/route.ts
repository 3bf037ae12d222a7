import type { z } from "zod";
import type { Answer, WebRequest, WebRoute } from "../web/exchange.ts";
import { ApiError } from "./api-error.ts";
import { firstIssue } from "./policy-form.ts";
import type { Actor } from "./scopes.ts";

/** One request, its body read. */
export type Call = WebRequest;

/** A request of the API, whose sender holds the route's scope. */
export interface ApiCall extends Call {
  readonly actor: Actor;
}

/** An answer that is not plain JSON with status 200. */
export class Reply {
  readonly answer: Answer;

  constructor(answer: Answer) {
    this.answer = answer;
  }
}

/** A call that needs no token: credentials are in its body, or it is the control protocol's. */
export interface OpenRoute extends Omit<WebRoute, "handle"> {
  /** @returns what is sent as JSON, or a `Reply`. */
  handle(call: Call): unknown;
}

/** A call of the API, below `/api/v2`. `/tailnet/:tailnet` is checked before it is handled. */
export interface ApiRoute {
  readonly method: string;
  /** For example `/device/:id/routes`. */
  readonly url: string;
  /** Scope that the actor needs; undefined when `handle` decides by what is asked. */
  readonly scope: string | undefined;
  /** @returns what is sent as JSON, or a `Reply`. */
  handle(call: ApiCall): unknown;
}

/**
 * Reads a JSON body.
 * @throws ApiError 400 with the first field that is wrong.
 */
export function readJson<T>({ body }: Call, form: z.ZodType<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8"));
  } catch {
    throw new ApiError(400, "invalid request body: not JSON");
  }
  const read = form.safeParse(value);
  if (read.success) return read.data;
  throw new ApiError(400, `invalid request body: ${firstIssue(read.error)}`);
}
