/** Why a call failed: nobody answered, the credentials do not do, it is not there, or the API could not. */
export type FailureKind = "unreachable" | "unauthorized" | "missing" | "refused" | "unavailable";

/** What is known of a failure besides its text. */
export interface FailureFacts {
  /** HTTP status; 0 when nobody answered. */
  readonly status: number;
  /** Why nobody answered: the system's name of it, such as ECONNREFUSED, or words where it has none. */
  readonly code?: string;
  /** Seconds that the server asks to wait. */
  readonly retryAfter?: number;
}

/**
 * A failed call to the API of a service. Its message is for people. Neither it nor a cause holds a secret: what `fetch`
 * threw is never attached, for it may quote a header.
 */
export class ServiceError extends Error implements FailureFacts {
  readonly kind: FailureKind;
  readonly status: number;
  readonly code: string | undefined;
  readonly retryAfter: number | undefined;

  constructor(kind: FailureKind, { status, code, retryAfter }: FailureFacts, message: string) {
    super(message);
    this.name = "ServiceError";
    this.kind = kind;
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }
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

/** The JSON value of an answer's body. Throws ServiceError when it is none; `who` is the service, for people. */
export function parseJson<T>(who: string, text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch {
    const shown = text.replace(/\s+/g, " ").slice(0, 80);
    throw new ServiceError(
      "unavailable",
      { status: 200 },
      `${who} answers with what is no JSON: ${shown}`,
    );
  }
}

const certificateErrors =
  /^(CERT_|ERR_TLS_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_(GET|VERIFY)_|HOSTNAME_MISMATCH)/;

/** Whether a failure's code says that the server's certificate was refused, which waiting does not mend. */
export function isCertificateError(code: string | undefined): boolean {
  return code !== undefined && certificateErrors.test(code);
}
