import { ApiError } from "./api-error.ts";

/** How many calls a token has in how long. */
export interface RateLimitOptions {
  readonly requests: number;
  readonly seconds: number;
}

/** https://developers.cloudflare.com/fundamentals/api/reference/limits/ */
export const cloudflareLimit: RateLimitOptions = { requests: 1200, seconds: 300 };

interface Window {
  /** Milliseconds since 1970. */
  ends: number;
  used: number;
}

/** Counts calls by token. Who goes over the limit is shut out until a whole window has passed since. */
export class RateLimit {
  readonly #options: RateLimitOptions;
  readonly #windows = new Map<string, Window>();

  constructor(options: RateLimitOptions) {
    this.#options = options;
  }

  /** Counts one call. Throws 429 with `Retry-After` when there is none left. */
  take(tokenId: string, now: number = Date.now()): void {
    const { requests, seconds } = this.#options;
    const window = this.#windows.get(tokenId);
    if (window === undefined || window.ends <= now) {
      this.#windows.set(tokenId, { ends: now + seconds * 1000, used: 1 });
      return;
    }
    window.used += 1;
    if (window.used <= requests) return;
    if (window.used === requests + 1) window.ends = now + seconds * 1000;
    const wait = Math.max(1, Math.ceil((window.ends - now) / 1000));
    throw new ApiError(429, 971, "Please wait and consider throttling your request speed", {
      "retry-after": String(wait),
    });
  }
}
