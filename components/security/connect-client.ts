import type { ClientRequestOptions, IRequestClient } from "@1password/connect";
import { PatientHttp } from "../http/patient-http.ts";
import { isCertificateError, ServiceError } from "../http/service-error.ts";

interface Answer {
  readonly status: number;
  readonly data: unknown;
}

/** What is wrong with a certificate and what to do, by the system's name of it. */
const certificateAdvice: Readonly<Record<string, readonly [wrong: string, advice: string]>> = {
  CERT_HAS_EXPIRED: ["has expired", "renew it, or set this machine's clock"],
  CERT_NOT_YET_VALID: ["is not valid yet", "set this machine's clock"],
  ERR_TLS_CERT_ALTNAME_INVALID: [
    "is for another name",
    "use a name of it in homelab:onePassword.connect, or issue one for this name",
  ],
};
const untrusted = ["is not trusted", "name its authority's file in NODE_EXTRA_CA_CERTS"] as const;

/**
 * Sends the library's requests. The library's own client rejects with whatever body an error had, so that a proxy's error
 * page hides the status, and knows no second attempt. This one tries again for `patience` milliseconds after its making in
 * all.
 */
export class ConnectClient implements IRequestClient {
  readonly defaultTimeout: number;
  readonly #shown: string;
  readonly #http: PatientHttp;

  constructor(server: string, patience: number) {
    this.#shown = shownAddress(server);
    this.defaultTimeout = patience;
    this.#http = new PatientHttp({ totalMs: patience, answerMs: patience, together: true });
  }

  /** Rejects with a ServiceError, whose status is 0 where it is not Connect that answers. */
  async request(method: string, url: string, options: ClientRequestOptions): Promise<Answer> {
    const { status, text } = await this.#ask(methodOf(method), url, "application/json", options);
    const data = parse(text);
    // A 404 of Connect's own says what is missing, as JSON; any web server has one.
    if (status >= 400 && (status !== 404 || typeof data === "object")) {
      throw this.#failure(status, `${this.#server()} answers ${status}`);
    }
    if (status === 200 && typeof data === "object" && data !== null) return { status, data };
    throw this.#failure(
      0,
      `what answers at ${this.#shown} is not 1Password Connect; correct homelab:onePassword.connect`,
    );
  }

  /** What a file holds, as text. Rejects with a ServiceError. */
  async text(url: string, authToken: string): Promise<string> {
    const { status, text } = await this.#ask("GET", url, "*/*", { authToken });
    if (status !== 200) throw this.#failure(status, `${this.#server()} answers ${status}`);
    return text;
  }

  async #ask(
    method: Method,
    url: string,
    accept: string,
    { authToken, data }: ClientRequestOptions,
  ): Promise<{ status: number; text: string }> {
    const login = { authorization: `Bearer ${authToken}`, accept };
    const call =
      data === undefined
        ? { method, url, headers: login }
        : {
            ...{ method, url, headers: { ...login, "content-type": "application/json" } },
            body: JSON.stringify(data),
          };
    try {
      return await this.#http.call("1Password Connect", call);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      throw this.#failure(error.status, this.#noAnswer(error));
    }
  }

  #noAnswer({ kind, status, code, retryAfter }: ServiceError): string {
    const patience = `${this.defaultTimeout / 1000} s`;
    if (kind === "unavailable") {
      const since =
        retryAfter === undefined ? `did so for ${patience}` : `asks for a pause of ${retryAfter} s`;
      return `${this.#server()} answers ${status} and ${since}; look at its logs (connect-api, connect-sync) and run again`;
    }
    if (code !== undefined && isCertificateError(code)) {
      const [wrong, advice] = certificateAdvice[code] ?? untrusted;
      return `the certificate of ${this.#server()} ${wrong} (${code}); ${advice}`;
    }
    return (
      `${this.#server()} cannot be reached (${code ?? kind}) and was tried for ${patience}; ` +
      "start it or mend the way to it, or correct homelab:onePassword.connect, and run again"
    );
  }

  #server(): string {
    return `1Password Connect at ${this.#shown}`;
  }

  #failure(status: number, message: string): ServiceError {
    return new ServiceError(status === 0 ? "unreachable" : "refused", { status }, message);
  }
}

type Method = "GET" | "POST" | "PUT";

/** What the library calls a method; items are read, made and replaced. */
function methodOf(text: string): Method {
  const method = text.toUpperCase();
  if (method === "GET" || method === "POST" || method === "PUT") return method;
  throw new Error(`${text}: this client reads, makes and replaces items alone`);
}

/** A server's address as people may see it, without credentials. */
export function shownAddress(server: string): string {
  const { origin, pathname } = new URL(server);
  return `${origin}${pathname.replace(/\/$/, "")}`;
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
