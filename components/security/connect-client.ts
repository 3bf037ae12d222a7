import { setTimeout as delay } from "node:timers/promises";
import type { ClientRequestOptions, IRequestClient } from "@1password/connect";

/** A call that Connect did not answer as hoped, without anything of the request. */
export class ConnectFailure extends Error {
  /** HTTP status; undefined when there was no answer of Connect's. */
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

interface Answer {
  readonly status: number;
  readonly data: unknown;
}

/** An attempt that failed; `again` when another may succeed. */
interface Failed {
  readonly failure: ConnectFailure;
  readonly again: boolean;
  /** Milliseconds that the server asks for. */
  readonly wait?: number;
}

const certificateErrors =
  /^(CERT_|ERR_TLS_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_(GET|VERIFY)_|HOSTNAME_MISMATCH)/;

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
 * page hides the status, and knows no second attempt. This one tries again while connections fail, on 5xx and on 429, for
 * `patience` milliseconds after its making in all.
 */
export class ConnectClient implements IRequestClient {
  readonly defaultTimeout: number;
  readonly #shown: string;
  readonly #deadline: number;

  constructor(server: string, patience: number) {
    this.#shown = shownAddress(server);
    this.defaultTimeout = patience;
    this.#deadline = performance.now() + patience;
  }

  /** Rejects with a ConnectFailure. */
  async request(method: string, url: string, options: ClientRequestOptions): Promise<Answer> {
    for (let pause = 250; ; pause = Math.min(2 * pause, 2000)) {
      const answer = await this.#attempt(method, url, options.authToken);
      if (!("failure" in answer)) return answer;
      const wait = Math.max(pause, answer.wait ?? 0);
      if (!answer.again || performance.now() + wait > this.#deadline) throw answer.failure;
      await delay(wait);
    }
  }

  async #attempt(method: string, url: string, token: string): Promise<Answer | Failed> {
    // A call that begins late still gets its time: slow is not silent.
    const left = Math.max(this.#deadline - performance.now(), this.defaultTimeout / 2);
    const signal = AbortSignal.timeout(Math.ceil(left));
    try {
      const headers = { authorization: `Bearer ${token}`, accept: "application/json" };
      // The token is for this server alone: a redirect is not followed.
      const response = await fetch(url, { method, headers, redirect: "manual", signal });
      return this.#read(response, await response.text());
    } catch (error) {
      return this.#noAnswer(reason(error));
    }
  }

  #read(response: Response, body: string): Answer | Failed {
    const { status } = response;
    const server = `1Password Connect at ${this.#shown}`;
    if (status >= 500 || status === 429) {
      const seconds = Number(response.headers.get("retry-after") ?? 0) || 0;
      const since =
        seconds > 0 ? `asks for a pause of ${seconds} s` : `did so for ${this.#patience()}`;
      const failure = new ConnectFailure(
        `${server} answers ${status} and ${since}; look at its logs (connect-api, connect-sync) and run again`,
        status,
      );
      return { failure, again: true, wait: seconds * 1000 };
    }
    const data = parse(body);
    // A 404 of Connect's own says what is missing, as JSON; any web server has one.
    if (status >= 400 && (status !== 404 || typeof data === "object"))
      return { failure: new ConnectFailure(`${server} answers ${status}`, status), again: false };
    if (status === 200 && typeof data === "object" && data !== null) return { status, data };
    const failure = new ConnectFailure(
      `what answers at ${this.#shown} is not 1Password Connect; correct homelab:onePassword.connect`,
    );
    return { failure, again: false };
  }

  #noAnswer(code: string): Failed {
    if (certificateErrors.test(code)) {
      const [wrong, advice] = certificateAdvice[code] ?? untrusted;
      const failure = new ConnectFailure(
        `the certificate of 1Password Connect at ${this.#shown} ${wrong} (${code}); ${advice}`,
      );
      return { failure, again: false };
    }
    const failure = new ConnectFailure(
      `1Password Connect at ${this.#shown} cannot be reached (${code}) and was tried for ${this.#patience()}; ` +
        "start it or mend the way to it, or correct homelab:onePassword.connect, and run again",
    );
    return { failure, again: true };
  }

  #patience(): string {
    return `${this.defaultTimeout / 1000} s`;
  }
}

/** A server's address as people may see it, without credentials. */
export function shownAddress(server: string): string {
  const { origin, pathname } = new URL(server);
  return `${origin}${pathname.replace(/\/$/, "")}`;
}

/** The system's name of a failure, such as ECONNREFUSED; never the error's text, which may quote a header. */
function reason(error: unknown): string {
  const { name, cause } = error as { name?: unknown; cause?: { code?: unknown } };
  if (typeof cause?.code === "string") return cause.code;
  return name === "TimeoutError" ? "no answer in time" : "the connection broke";
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
