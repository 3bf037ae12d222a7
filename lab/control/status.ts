/** What the control API tells of a lab. */
import type { RouterStatus } from "../network/router.ts";
import type { Fault } from "../world/fault-registry.ts";

/** A part of the lab that can be the real thing or a stand-in for it. */
export interface InUse {
  readonly name: string;
  readonly kind: "real" | "official" | "stand-in";
  readonly detail: string;
}

export interface MachineLine {
  readonly vmid: number;
  readonly name: string;
  /** Proxmox host. */
  readonly host: string;
  readonly site: string;
  readonly running: boolean;
  /** Static address without its prefix length. */
  readonly address?: string;
  /** First boot: `running`, `done` or `error`; known while the machine runs. */
  readonly cloudInit?: string;
  /** What cloud-init complained of. */
  readonly problems: readonly string[];
}

export interface ServiceLine {
  readonly name: string;
  /** Where it answers. */
  readonly address: string;
  readonly log: string;
}

export interface LabStatus {
  /** Start of the lab (ISO 8601). */
  readonly since: string;
  readonly machines: readonly MachineLine[];
  readonly services: readonly ServiceLine[];
  readonly routers: readonly RouterStatus[];
  readonly faults: readonly Fault[];
  readonly inUse: readonly InUse[];
  /** What failed beside all that since the start. */
  readonly problems: readonly string[];
}

/** A line of the answer to `GET /ready`. */
export type ReadyLine =
  { readonly step: string } | { readonly ready: true } | { readonly error: string };
