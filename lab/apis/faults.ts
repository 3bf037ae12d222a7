/** One request about to be served, as a fault rule sees it. */
export interface FaultRequest {
  /** HTTP method; `TASK` for the body of a Proxmox task. */
  readonly method: string;
  /** Path without the query, for example `/api2/json/nodes/stone/qemu`; for a task `qmstart/121`. */
  readonly path: string;
  /** Where the request arrived: a Proxmox node's name, or the host name asked of the mirrors. */
  readonly host: string;
}

/** An answer given instead of the real one. */
export interface FaultAnswer {
  readonly status: number;
  /** The error's text: status line of the Proxmox API, exit status of a task, body of a mirror. */
  readonly body: string;
}

/**
 * Faults in force. Each request consults them first; a delay is made by resolving late.
 * `undefined` lets the request through, `"cut"` closes the connection without an answer.
 */
export interface Faults {
  /** `service` is `proxmox`, `proxmox.task` or `mirrors`. */

  consult(service: string, request: FaultRequest): Promise<FaultAnswer | "cut" | void>;
}

/** No faults. */
export const noFaults: Faults = { consult: () => Promise.resolve() };
