/** What a site is and how it is, as one value: a text, a page and programs are given the same. */
import type { Finding, Summary } from "../doctor/finding.ts";
import type { Exposed } from "../exposure/table.ts";
import type { Answer } from "./answer.ts";
import type { Host, Topology } from "./topology.ts";
import type { SiteVersion } from "./versions.ts";

/** A site's status. What the config alone does not say is left out where nobody has looked. */
export interface Status {
  readonly site: string;
  /** The site's domain. */
  readonly domain: string;
  readonly topology: Omit<Topology, "hosts">;
  readonly hosts: readonly HostStatus[];
  /** Everything by which the site is reached from outside of the cluster. */
  readonly names: readonly NameStatus[];
  readonly versions: readonly VersionStatus[];
  readonly seen?: Seen;
}

/** The status of a site that was looked at. */
export type SeenStatus = Status & { readonly seen: Seen };

/** What was seen of a site besides its rows. */
export interface Seen {
  /** When it was looked at, RFC 3339. */
  readonly at: string;
  /** What the doctor and the probes found, errors first; what is fine is only counted. */
  readonly findings: readonly Finding[];
  readonly summary: Summary;
  /** Alerts that fire; undefined where the site has no monitoring. */
  readonly alerts?: Found<readonly AlertStatus[]>;
  /** Undefined where the site has no certificates of its own. */
  readonly certificates?: Found<readonly CertificateStatus[]>;
  readonly backups: Found<readonly BackupStatus[]>;
  /** Undefined where the site has no storage. */
  readonly storage?: Found<StorageStatus>;
}

/** What was found, or why it could not be looked at: what was not seen is never taken for fine. */
export type Found<T> = T | NotSeen;

export interface NotSeen {
  readonly notSeen: string;
}

/** Whether something could not be looked at. */
export function isNotSeen<T>(found: Found<T>): found is NotSeen {
  return typeof found === "object" && found !== null && "notSeen" in found;
}

/** A host, and the machines on it. */
export interface HostStatus extends Omit<Host, "machines"> {
  /** Proxmox's own word: `online`, `offline`, `unknown`. */
  readonly state?: Found<string>;
  readonly machines: readonly MachineStatus[];
}

/** A machine, and the node that it is. */
export type MachineStatus = Host["machines"][number] & {
  /** Proxmox's own word: `running`, `stopped`, `unknown`. */
  readonly state?: Found<string>;
  readonly node?: Found<NodeStatus>;
};

export interface NodeStatus {
  /** `Ready`, `not Ready` with the reason, or that it is not in the cluster. */
  readonly state: string;
  readonly ready: boolean;
  /** Whether new pods are kept away. */
  readonly cordoned: boolean;
  /** Release of its kubelet. */
  readonly version?: string;
}

/** A name with what stands behind it. */
export type NameStatus = Exposed & {
  /** Who passes, in words. */
  readonly passes: string;
  /** Pods behind its Service that take requests, of all that are there. */
  readonly pods?: Found<{ readonly ready: number; readonly all: number }>;
  /** What it answers where it was asked from. */
  readonly answer?: Answer;
  /** The certificate that it showed; else the one that the cluster has for it. */
  readonly certificate?: Ending;
};

/** Something that ends. */
export interface Ending {
  /** RFC 3339. */
  readonly ends: string;
  /** Whole days that are left; below zero once it has ended. */
  readonly days: number;
}

/** A version with the newest one that its publisher lists, where the doctor reads such a list. */
export type VersionStatus = SiteVersion & { readonly newest?: string };

export interface AlertStatus {
  readonly name: string;
  readonly severity: string;
  readonly text: string;
  /** RFC 3339. */
  readonly since?: string;
}

export type CertificateStatus = {
  readonly namespace: string;
  readonly name: string;
  readonly ready: boolean;
} & Partial<Ending>;

/** The newest copy of something in one place. */
export interface BackupStatus {
  readonly of: string;
  readonly where: string;
  /** When the newest one was made, RFC 3339; undefined where there is none. */
  readonly last?: string;
  /** Whole hours since then. */
  readonly hours?: number;
}

export interface StorageStatus {
  /** Ceph's own word, as `HEALTH_OK`. */
  readonly health: string;
  readonly usedGiB: number;
  readonly totalGiB: number;
}
