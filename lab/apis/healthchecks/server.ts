import {
  guarded,
  json,
  part,
  text,
  WebError,
  type WebRequest,
  type WebRoute,
} from "../web/exchange.ts";
import { openWeb, type Web, type WebOptions } from "../web/server.ts";

/** The one check of the lab's account at Healthchecks.io. */
export interface HealthchecksOptions extends WebOptions {
  /** Id of the check: whoever knows it may ping. */
  readonly check: string;
  /** Key of the account's management API. */
  readonly apiKey: string;
}

/** Seconds that the API takes for a time-out or a grace time (docs, "Update an Existing Check"). */
const shortest = 60;
const longest = 31_536_000;

/**
 * A check of Healthchecks.io that waits for pings: by success alone, without start and failure signals, and its state by
 * the management API, which also changes its period. It sends nothing to anybody, and forgets its pings at a restart.
 * @see https://healthchecks.io/docs/http_api/
 * @see https://healthchecks.io/docs/api/
 * @throws when the address cannot be listened at.
 */
export function createHealthchecks(options: HealthchecksOptions): Promise<Web> {
  const check = new Check(options.check);
  return openWeb(
    {
      name: "healthchecks",
      routes: [pingRoute(check), ...apiRoutes(check, options.apiKey)],
      notFound: () => new WebError(404, "not found"),
      answerError: ({ status, message }) => json({ error: message }, { status }),
    },
    options,
  );
}

/** A check with its pings. */
class Check {
  readonly id: string;
  timeout = 600;
  grace = 60;
  #pings = 0;
  /** Milliseconds since the epoch. */
  #last: number | undefined;

  constructor(id: string) {
    this.id = id;
  }

  ping(): void {
    this.#pings += 1;
    this.#last = Date.now();
  }

  /** As the API shows it: `new`, `up`, `grace` or `down`. */
  get shown(): Readonly<Record<string, unknown>> {
    return {
      ...{ name: "home", slug: "home", uuid: this.id, status: this.#status() },
      ...{ n_pings: this.#pings, timeout: this.timeout, grace: this.grace },
      last_ping: this.#last === undefined ? null : new Date(this.#last).toISOString(),
    };
  }

  #status(): string {
    if (this.#last === undefined) return "new";
    const silent = (Date.now() - this.#last) / 1000;
    if (silent < this.timeout) return "up";
    return silent < this.timeout + this.grace ? "grace" : "down";
  }
}

/** A ping to a check that is not there is answered with 200 too. */
function pingRoute(check: Check): WebRoute {
  return {
    ...{ method: ["GET", "HEAD", "POST"], url: "/:check", hosts: ["hc-ping.com"] },
    handle: (request) => {
      if (part(request, "check") !== check.id) return text("OK (not found)");
      check.ping();
      return text("OK");
    },
  };
}

function apiRoutes(check: Check, key: string): WebRoute[] {
  const authenticate = (request: WebRequest): void => {
    if (request.headers["x-api-key"] !== key) throw new WebError(401, "wrong api key");
    if (part(request, "check") !== check.id) throw new WebError(404, "not found");
  };
  const at = { url: "/api/v3/checks/:check", hosts: ["healthchecks.io"] };
  return guarded(authenticate, [
    { ...at, method: "GET", handle: () => json(check.shown) },
    {
      ...{ ...at, method: "POST" },
      handle: (request) => {
        change(check, request.body.toString("utf8"));
        return json(check.shown);
      },
    },
  ]);
}

/** Of what the API changes, the times. */
function change(check: Check, body: string): void {
  const { timeout = check.timeout, grace = check.grace, ...more } = asked(body);
  const others = Object.keys(more);
  if (others.length > 0)
    throw new WebError(400, `the lab's Healthchecks changes timeout and grace, not ${others[0]}`);
  for (const seconds of [timeout, grace])
    if (typeof seconds !== "number" || seconds < shortest || seconds > longest)
      throw new WebError(400, "json validation error: timeout or grace is out of range");
  Object.assign(check, { timeout, grace });
}

function asked(body: string): Record<string, unknown> {
  try {
    return JSON.parse(body) as Record<string, unknown>;
  } catch {
    throw new WebError(400, "could not parse request body");
  }
}
