/** What backups of volumes are made of, as their component is told. All plain: names and numbers shape the graph. */

/** A store outside of the cluster that speaks S3, and the folder in which each volume has a repository of its own. */
export interface TargetPlan {
  /** Scheme, host and port. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly folder: string;
  readonly region: string;
  /** Authority of the store's certificate, PEM, where it is one of your own. */
  readonly ca?: string;
}

/**
 * How many backups of each age are kept, as VolSync's policy has it; an empty one would keep one alone
 * (internal/controller/mover/restic/mover.go).
 */
export interface KeepPlan {
  readonly hourly?: number;
  readonly daily?: number;
  readonly weekly?: number;
  readonly monthly?: number;
  readonly yearly?: number;
}

/** How the volumes of a site are saved. */
export interface SavingPlan {
  readonly target: TargetPlan;
  /** Time of the day in UTC, `03:00`, from which backups are made. */
  readonly at: string;
  /** Hours between two of a volume, a divisor of 24. */
  readonly everyHours: number;
  readonly keep: KeepPlan;
  /** What restic keeps of a repository's index beside it. */
  readonly cacheGiB: number;
  /** What a mover may take at most. */
  readonly memoryMiB: number;
}

/** A volume that is saved, by its claim. */
export interface SavedPlan {
  readonly namespace: string;
  readonly claim: string;
  /** Class of the claim, and whether it is of blocks or of files. */
  readonly class: string;
  readonly kind: "block" | "file";
  /** User and group that its files belong to, as whom movers read and write them. */
  readonly uid: number;
  readonly gid: number;
  /** What the program makes; undefined of a claim that somebody else makes, such as an operator. */
  readonly made?: { readonly sizeGiB: number; readonly shared: boolean };
}
