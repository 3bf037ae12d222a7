import type { ParameterNames, Parameters } from "./parameters.ts";

/** One call to a route. */
export interface Call {
  /** Parts of the path, decoded: `node`, `vmid`, `storage`, ... */
  readonly parts: Readonly<Record<string, string>>;
  readonly parameters: Parameters;
  /** Who calls: the id of the API token, `user@realm!name`. */
  readonly user: string;
  /** What the caller may do. */
  readonly privileges: readonly string[];
  /** A file that came with an upload. */
  readonly upload?: { readonly name: string; readonly body: Buffer };
}

/** One method on one path below `/api2/json`. */
export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Path with `:name` parts, without a leading slash. */
  readonly path: string;
  /** Parameters besides those of the path; anything else is answered with 400. */
  readonly parameters: ParameterNames;
  /** What goes under `data` of the answer. */
  handle(call: Call): unknown;
}
