/** Login by a one-time PIN: who asked for which, and the way back to the application. */
import { createHash, randomInt, randomUUID, timingSafeEqual } from "node:crypto";
import { decide } from "./access-policy.ts";
import type { AccessApplication, CloudflareWorld } from "./world.ts";

/** Milliseconds that a PIN and a way back are valid. */
const pinValid = 600_000;
const returnValid = 60_000;
/** Wrong PINs until an attempt is over, and attempts that are remembered. */
const wrongPins = 5;
const attemptsKept = 1000;

/** A mail to a person. */
export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** Where a person wants to go. */
export interface Destination {
  readonly host: string;
  /** Audience of the application there. */
  readonly aud: string;
  /** Path and query, from `/` on. */
  readonly target: string;
}

interface Attempt extends Destination {
  readonly email: string;
  /** Undefined for an address that no policy admits. */
  readonly pin?: string;
  readonly until: number;
  wrong: number;
}

interface Return extends Destination {
  readonly email: string;
  readonly until: number;
}

/** Attempts of one team, in memory: a restarted edge asks for a new PIN. */
export class AccessLogins {
  readonly #mailbox: (mail: Mail) => void;
  readonly #now: () => number;
  readonly #attempts = new Map<string, Attempt>();
  readonly #returns = new Map<string, Return>();

  /** `now` gives milliseconds of a monotonic clock. */
  constructor(mailbox: (mail: Mail) => void, now: () => number = () => performance.now()) {
    this.#mailbox = mailbox;
    this.#now = now;
  }

  /**
   * Starts an attempt and gives its number. A PIN is mailed only to an address that a policy could admit; the caller
   * learns nothing of it.
   */
  begin(world: CloudflareWorld, destination: Destination, address: string, ip: string): string {
    const email = address.trim().toLowerCase();
    const application = applicationOf(world, destination);
    const admitted = application !== undefined && decide(application, { ip, email }) === "allow";
    const pin = admitted ? randomInt(1_000_000).toString().padStart(6, "0") : undefined;
    const nonce = randomUUID();
    const until = this.#now() + pinValid;
    keep(this.#attempts, nonce, { ...destination, email, pin, until, wrong: 0 });
    if (pin !== undefined)
      this.#mailbox({
        to: email,
        subject: `Your Cloudflare Access login code: ${pin}`,
        text: `Your code for ${destination.host} is ${pin}. It is valid for ten minutes and for one login.`,
      });
    return nonce;
  }

  /** Checks a PIN; gives the number of the way back, or undefined when it is wrong, old or used. */
  verify(
    nonce: string,
    pin: string,
  ): { readonly destination: Destination; readonly code: string } | undefined {
    const attempt = this.#attempts.get(nonce);
    if (attempt === undefined) return undefined;
    const right = attempt.pin !== undefined && same(attempt.pin, pin.trim());
    attempt.wrong += 1;
    const over = this.#now() > attempt.until;
    if (right || over || attempt.wrong >= wrongPins) this.#attempts.delete(nonce);
    if (!right || over) return undefined;
    const code = randomUUID();
    const { host, aud, target, email } = attempt;
    keep(this.#returns, code, { host, aud, target, email, until: this.#now() + returnValid });
    return { destination: attempt, code };
  }

  /** Takes the way back at the application's host, once. */
  arrive(
    world: CloudflareWorld,
    host: string,
    code: string,
  ): { application: AccessApplication; email: string; target: string } | undefined {
    const found = this.#returns.get(code);
    this.#returns.delete(code);
    if (found === undefined || found.host !== host || this.#now() > found.until) return undefined;
    const application = applicationOf(world, found);
    if (application === undefined) return undefined;
    return { application, email: found.email, target: found.target };
  }
}

/** The application that a destination means, unless it has been replaced since. */
export function applicationOf(
  world: CloudflareWorld,
  destination: Destination,
): AccessApplication | undefined {
  const { pathname } = new URL(`https://${destination.host}${destination.target}`);
  const application = world.application(destination.host, pathname);
  return application?.aud === destination.aud ? application : undefined;
}

/** A path of the same host, from whatever a visitor's link says. */
export function safeTarget(text: string | undefined): string {
  return text !== undefined && /^\/(?![/\\])/.test(text) ? text : "/";
}

function keep<T>(entries: Map<string, T>, key: string, entry: T): void {
  entries.set(key, entry);
  const [oldest] = entries.keys();
  if (entries.size > attemptsKept && oldest !== undefined) entries.delete(oldest);
}

function same(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
