import { WebError } from "../web/exchange.ts";

/** An answer other than 200; Tailscale's form is `{"message": "...", "data": [...]}`. */
export class ApiError extends WebError {
  readonly data: unknown;

  constructor(status: number, message: string, data?: unknown) {
    super(status, message);
    this.data = data;
  }

  /** Body of the answer. */
  body(): { message: string; data?: unknown } {
    return this.data === undefined
      ? { message: this.message }
      : { message: this.message, data: this.data };
  }
}

/** What the API says of a path that it does not have. */
export const pageNotFound = (): ApiError => new ApiError(404, "404 page not found");
