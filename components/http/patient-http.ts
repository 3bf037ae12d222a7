import { setTimeout as pause } from "node:timers/promises";
import { apiMessage, isCertificateError, ServiceError } from "./service-error.ts";

/** What an API answered. */
export interface ApiAnswer {
  readonly status: number;
  /** Without quotes; empty when there is none. */
  readonly etag: string;
  readonly text: string;
}

/** One call. */
export interface ApiCall {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Whether doing it twice does no harm. By default that holds for GET, PUT and DELETE (RFC 9110 section 9.2.2). */
  readonly repeatable?: boolean;
}

/** How long a client tries. */
export interface Patience {
  /** How long a call is tried again, in milliseconds; 20,000 when left out. */
  readonly totalMs?: number;
  /** How long one answer may take, in milliseconds; 15,000 when left out. A call that begins late still gets it. */
  readonly answerMs?: number;
  /** Whether the time counts for all calls together, from the client's making on. Each call has its own when left out. */
  readonly together?: boolean;
}

/** Time, which tests replace. */
export interface Clock {
  readonly pause: (milliseconds: number) => Promise<unknown>;
  /** Milliseconds, growing. */
  readonly now: () => number;
}

const clock: Clock = { pause, now: () => performance.now() };

const broken = "the connection broke";

/** Codes of connections that never came about, so that the server has seen nothing of the call. */
const unconnected = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
]);

/**
 * Calls APIs and tries again what may pass: failed connections, 429 and 5xx, with growing pauses, and as long as the
 * server asks by Retry-After (RFC 9110 section 10.2.3, in seconds) where that fits. A call that may not be repeated is
 * tried again only when the server has done nothing of it. Redirects are not followed: a login is for its server alone.
 */
export class PatientHttp {
  readonly #totalMs: number;
  readonly #answerMs: number;
  readonly #clock: Clock;
  readonly #end: number | undefined;

  constructor(patience: Patience = {}, time: Clock = clock) {
    const { totalMs = 20_000, answerMs = 15_000, together = false } = patience;
    this.#totalMs = totalMs;
    this.#answerMs = answerMs;
    this.#clock = time;
    this.#end = together ? time.now() + totalMs : undefined;
  }

  /**
   * The answer to a call, whatever its status but 429 and 5xx. `what` names the call for people.
   * @throws ServiceError `unreachable` or `unavailable` when the time is over or another attempt would not help.
   */
  async call(what: string, call: ApiCall): Promise<ApiAnswer> {
    const end = this.#end ?? this.#clock.now() + this.#totalMs;
    for (let attempt = 0; ; attempt += 1) {
      const result = await this.#once(what, call);
      if (!(result instanceof ServiceError)) return result;
      const wait = (result.retryAfter ?? 0) * 1000 || Math.min(500 * 2 ** attempt, 5_000);
      if (!mayPass(call, result) || this.#clock.now() + wait > end) throw result;
      await this.#clock.pause(wait);
    }
  }

  async #once(what: string, call: ApiCall): Promise<ApiAnswer | ServiceError> {
    const { host } = new URL(call.url);
    try {
      const response = await fetch(call.url, {
        method: call.method,
        headers: { ...call.headers },
        ...(call.body === undefined ? {} : { body: call.body }),
        redirect: "manual",
        signal: AbortSignal.timeout(this.#answerMs),
      });
      const text = await response.text();
      const { status } = response;
      if (status === 429 || status >= 500) return busy(`${what}: ${host}`, response, text);
      const etag = (response.headers.get("etag") ?? "").replace(/^W\//, "").replaceAll('"', "");
      return { status, etag, text };
    } catch (error) {
      const { code, reason } = this.#noAnswer(error);
      const message = `${what}: ${host} cannot be reached: ${reason}`;
      return new ServiceError("unreachable", { status: 0, code }, message);
    }
  }

  /** Only the system's own words: the text of another error may quote a header. */
  #noAnswer(error: unknown): { readonly code: string; readonly reason: string } {
    const { name, cause } = error as {
      readonly name?: unknown;
      readonly cause?: { readonly code?: unknown; readonly message?: unknown };
    };
    if (typeof cause?.code === "string") {
      const { code, message } = cause;
      return { code, reason: typeof message === "string" && message !== "" ? message : code };
    }
    if (name !== "TimeoutError") return { code: broken, reason: broken };
    return { code: "no answer in time", reason: `no answer within ${this.#answerMs / 1000} s` };
  }
}

function busy(who: string, { status, headers }: Response, text: string): ServiceError {
  const reason = status === 429 ? "too many requests" : "it cannot work now";
  const seconds = Number(headers.get("retry-after") ?? Number.NaN);
  const asked = Number.isFinite(seconds) && seconds > 0 ? { retryAfter: seconds } : {};
  return new ServiceError(
    "unavailable",
    { status, ...asked },
    `${who} answers ${status} (${reason}): ${apiMessage(text)}; run this again later`,
  );
}

function mayPass({ method, repeatable }: ApiCall, { status, code }: ServiceError): boolean {
  if (isCertificateError(code)) return false;
  const untouched = status === 429 || unconnected.has(code ?? "");
  return untouched || (repeatable ?? ["GET", "PUT", "DELETE"].includes(method));
}
