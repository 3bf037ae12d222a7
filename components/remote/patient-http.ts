import { setTimeout as pause } from "node:timers/promises";

/** What an API answered. */
export interface ApiAnswer {
  readonly status: number;
  /** Without quotes; empty when there is none. */
  readonly etag: string;
  readonly text: string;
}

/** One call. */
export interface ApiCall {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Why a call failed: nobody answered, the credentials do not do, it is not there, or the API could not. */
export type FailureKind = "unreachable" | "unauthorized" | "missing" | "refused" | "unavailable";

/** A failed call to the API of a service. Its message is for people and holds no secret. */
export class ServiceError extends Error {
  readonly kind: FailureKind;
  /** HTTP status; 0 when nobody answered. */
  readonly status: number;

  constructor(kind: FailureKind, status: number, message: string) {
    super(message);
    this.name = "ServiceError";
    this.kind = kind;
    this.status = status;
  }
}

/** Parts that tests replace. */
export interface HttpDeps {
  readonly pause: (milliseconds: number) => Promise<unknown>;
  /** Milliseconds, growing. */
  readonly now: () => number;
}

const clock: HttpDeps = { pause, now: () => performance.now() };

/** How long a call is tried again, and how long one answer may take, in milliseconds. */
const patienceMs = 20_000;
const answerMs = 15_000;

/**
 * Makes a call that may be repeated without harm. 429, 5xx and failed connections are tried again for at most 20 s;
 * Retry-After (RFC 9110 section 10.2.3, in seconds) is honoured as far as it fits. Other answers come back as they are.
 * @throws ServiceError `unreachable` or `unavailable` when the time is over.
 */
export async function callPatiently(
  what: string,
  call: ApiCall,
  deps: HttpDeps = clock,
): Promise<ApiAnswer> {
  const deadline = deps.now() + patienceMs;
  for (let attempt = 0; ; attempt += 1) {
    const result = await once(call);
    if (!(result instanceof ServiceError)) return result.answer;
    const wait = retryAfter.get(result) ?? Math.min(500 * 2 ** attempt, 5_000);
    if (deps.now() + wait > deadline) {
      throw new ServiceError(result.kind, result.status, `${what}: ${result.message}`);
    }
    await deps.pause(wait);
  }
}

/** What the server asked to wait for, in milliseconds. */
const retryAfter = new WeakMap<ServiceError, number>();

async function once(call: ApiCall): Promise<{ readonly answer: ApiAnswer } | ServiceError> {
  const host = new URL(call.url).host;
  try {
    const response = await fetch(call.url, {
      method: call.method,
      headers: { ...call.headers },
      ...(call.body === undefined ? {} : { body: call.body }),
      signal: AbortSignal.timeout(answerMs),
    });
    const text = await response.text();
    const { status } = response;
    if (status !== 429 && status < 500) {
      const etag = (response.headers.get("etag") ?? "").replace(/^W\//, "").replaceAll('"', "");
      return { answer: { status, etag, text } };
    }
    const reason = status === 429 ? "too many requests" : "it cannot work now";
    const failure = new ServiceError(
      "unavailable",
      status,
      `${host} answers ${status} (${reason}): ${apiMessage(text)}; run this again later`,
    );
    const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
    if (Number.isFinite(seconds) && seconds >= 0) retryAfter.set(failure, seconds * 1000);
    return failure;
  } catch (error) {
    return new ServiceError("unreachable", 0, `${host} cannot be reached: ${reasonOf(error)}`);
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return `no answer within ${answerMs / 1000} s`;
  const { cause } = error;
  return cause instanceof Error ? cause.message || cause.name : error.message;
}

/** The API's own words in an error's body, `{"message": "..."}`, shortened. */
export function apiMessage(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    if (typeof message === "string") return message.slice(0, 300);
  } catch {
    // A proxy's page is no JSON; its beginning says as much.
  }
  return text.replace(/\s+/g, " ").trim().slice(0, 120) || "no further words";
}
