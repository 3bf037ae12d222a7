/** What a Postgres cluster is made of, as its component is told. All plain: names and numbers shape the graph. */

/** A volume of each instance. */
export interface DiskPlan {
  /** StorageClass; the cluster's default where none is named. */
  readonly class?: string;
  readonly sizeGiB: number;
}

/** An S3 store outside, or a bucket of the site's own storage. */
export type StorePlan =
  | { readonly kind: "bucket"; readonly class: string; readonly maxSizeGiB?: number }
  | {
      readonly kind: "s3";
      /** Scheme, host and port. */
      readonly endpoint: string;
      readonly bucket: string;
      readonly region: string;
      /** Authority of the store's certificate, PEM, where it is one of the site's own. */
      readonly ca?: string;
    };

/** Where a cluster's base backups and its write-ahead log go. */
export interface BackupPlan {
  readonly store: StorePlan;
  /** Folder of the store that is this life's of the cluster: another life finds it taken. */
  readonly archive: string;
  /** Time of day in UTC, `02:30`. */
  readonly at: string;
  /** Days of the week; every day where none is named. */
  readonly weekdays: readonly Weekday[];
  /** Days back to which it can be recovered. */
  readonly keepDays: number;
}

export const weekdays = [
  "sunday",
  "monday",
  "tuesday",
  "wednesday",
  "thursday",
  "friday",
  "saturday",
] as const;
export type Weekday = (typeof weekdays)[number];

/** What a cluster begins with, in place of nothing. */
export interface RecoveryPlan {
  /** The cluster whose store is read; this one itself where it was lost with everything. */
  readonly from: string;
  /** Folder of that store. */
  readonly archive: string;
  /** Moment that is recovered (RFC 3339); the last that was archived where none is named. */
  readonly at?: string;
}

export interface RolePlan {
  readonly name: string;
  readonly superuser: boolean;
  /** Roles that it is a member of. */
  readonly inRoles: readonly string[];
}

export interface DatabasePlan {
  readonly name: string;
  /** Name of a role. */
  readonly owner: string;
  readonly extensions: readonly string[];
  /** Namespaces that get a Secret with the owner's login. */
  readonly secretIn: readonly string[];
}

export interface PoolerPlan {
  readonly instances: number;
  readonly mode: "session" | "transaction";
}

export interface ClusterPlan {
  readonly name: string;
  /** Image with its tag, which begins with PostgreSQL's version. */
  readonly image: string;
  readonly instances: number;
  readonly storage: DiskPlan;
  /** A volume of its own for the write-ahead log. */
  readonly wal?: DiskPlan;
  /** Memory of each instance. */
  readonly memoryMiB: number;
  readonly parameters: Readonly<Record<string, string>>;
  /** Libraries that PostgreSQL loads when it starts. */
  readonly preload: readonly string[];
  readonly roles: readonly RolePlan[];
  readonly databases: readonly DatabasePlan[];
  readonly pooler?: PoolerPlan;
  readonly backup?: BackupPlan;
  readonly recover?: RecoveryPlan;
}
