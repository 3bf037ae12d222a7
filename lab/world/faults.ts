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
  /** Whole seconds for the header `Retry-After` (RFC 9110, 10.2.3). */
  readonly retryAfterSeconds?: number;
}

/**
 * An answer, `"cut"` for a connection closed instead of one, `"hang"` for one that stays open without, `"lose"` for
 * work done whose answer is lost.
 */
export type FaultEffectNow = FaultAnswer | "cut" | "hang" | "lose";

/**
 * Faults in force. Each request consults them first; a delay is made by resolving late.
 * `undefined` lets the request through.
 */
export interface Faults {
  /**
   * `service` is `proxmox`, `proxmox.task`, `mirrors`, `tailscale`, `cloudflare`, `cloudflare.edge`, `connect`, `s3`, `git` or
   * `machine`.
   */
  consult(service: string, request: FaultRequest): Promise<FaultEffectNow | void>;
}

/** No faults. */
export const noFaults: Faults = { consult: () => Promise.resolve() };
