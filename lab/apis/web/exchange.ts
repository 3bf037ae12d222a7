import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { Readable } from "node:stream";

/** One request to a service. */
export interface WebRequest {
  readonly method: string;
  /** What was asked, in lower case and without a port: a name, or the Proxmox node that it arrived at. */
  readonly host: string;
  /** As it was written, without the query. */
  readonly path: string;
  /** Named parts of the route's path, decoded. */
  readonly parts: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Empty when there was none, and where the service reads `raw` by itself. */
  readonly body: Buffer;
  readonly raw: IncomingMessage;
}

/** An answer as data. */
export interface Answer {
  /** Default 200. */
  readonly status?: number;
  /** Text of the status line. Default: the usual one for the status. */
  readonly reason?: string;
  readonly headers?: Readonly<Record<string, string | number>>;
  /** A function opens a stream; it is not called for HEAD. */
  readonly body?: string | Buffer | (() => Readable);
  /** Said in the log after the status. */
  readonly note?: string;
}

/** An answer that a service writes by itself. */
export interface OwnAnswer {
  /** Writes it and resolves when it is through; with `lost` the connection ends in its place. */
  write(response: ServerResponse, lost: boolean): Promise<void>;
  readonly note: string;
}

/** Every method that a service may be asked with. */
export const anyMethod = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** One path of a service. */
export interface WebRoute {
  readonly method: string | readonly string[];
  /** Whole path; `:name` is a part of it, a closing `*` all that follows. */
  readonly url: string;
  /** Names that it is there for; asked by another the service does not have it. Default: all. */
  readonly hosts?: readonly string[];
  handle(request: WebRequest): Answer | OwnAnswer | Promise<Answer | OwnAnswer>;
}

/** A route for those whom the service knows. */
export interface GuardedRoute<Caller> extends Omit<WebRoute, "handle"> {
  handle(request: WebRequest, caller: Caller): ReturnType<WebRoute["handle"]>;
}

/** The routes behind an authenticator: it says who calls, or throws the service's error. */
export function guarded<Caller>(
  authenticate: (request: WebRequest) => Caller,
  routes: readonly GuardedRoute<Caller>[],
): WebRoute[] {
  return routes.map((route) => ({
    ...route,
    handle: (request) => route.handle(request, authenticate(request)),
  }));
}

/** An error that a service answers; services whose errors say more have classes of their own. */
export class WebError extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  /** `message` reaches whoever asked: no secret goes into it. */
  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.name = new.target.name;
    this.status = status;
    this.headers = headers;
  }
}

/** An answer in JSON. */
export function json(value: unknown, more: Answer = {}): Answer {
  const headers = { "content-type": "application/json", ...more.headers };
  return { ...more, headers, body: JSON.stringify(value) };
}

/** An answer in plain text. */
export function text(body: string, more: Answer = {}): Answer {
  return { ...more, headers: { "content-type": "text/plain", ...more.headers }, body };
}

/** A part of a path; throws when the route does not define it. */
export function part({ parts }: Pick<WebRequest, "parts">, name: string): string {
  const value = parts[name];
  if (value === undefined) throw new Error(`route without a part '${name}'`);
  return value;
}
