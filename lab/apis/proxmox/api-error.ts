import { WebError } from "../web/exchange.ts";

/** An error as the Proxmox API answers it: the text goes into the HTTP status line. */
export class ApiError extends WebError {
  /** Reason by parameter name, for status 400. */
  readonly errors: Readonly<Record<string, string>> | undefined;

  constructor(status: number, message: string, errors?: Readonly<Record<string, string>>) {
    super(status, message);
    this.errors = errors;
  }
}

/** 400 with the reason beside the parameter's name, as the schema check of a real host answers. */
export function parameterError(errors: Readonly<Record<string, string>>): ApiError {
  return new ApiError(400, "Parameter verification failed.", errors);
}

/** 500 with a text: how Proxmox reports what fails while a call is carried out. */
export function failure(message: string): ApiError {
  return new ApiError(500, message);
}

/** The text of anything thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
