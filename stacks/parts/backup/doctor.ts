/** Backups of volumes: how old the last one is, why the next one fails, and which claim still waits for what it begins with. */
import { lateAfterHours } from "../../../components/backup/objects.ts";
import { begunBackup, inPlacePrefix, volsyncCharts } from "../../../components/backup/names.ts";
import { stamp } from "../../../components/days.ts";
import type { Check } from "../../doctor/check.ts";
import type { ClusterCommand, Examined } from "../../doctor/examined.ts";
import { ok, problem, warning, type Finding } from "../../doctor/finding.ts";
import { lastLine, objects } from "../../doctor/kubectl.ts";
import { chart, type Release } from "../../doctor/releases.ts";
import type { SiteConfig } from "../../schema.ts";
import { wantedBackups, type WantedBackup } from "./volumes.ts";

/** VolSync's chart; none where the site has no backups. */
export function backupReleases({ backup }: Pick<SiteConfig, "backup">): readonly Release[] {
  if (backup === undefined) return [];
  return [chart(volsyncCharts, "volsync", backup.chart, "homelab:versions.volsync")];
}

/** A ReplicationSource or a ReplicationDestination, as far as the doctor looks (volsync v0.16.0, api/v1alpha1). */
export interface ReplicationInForce {
  readonly metadata: { readonly namespace: string; readonly name: string };
  readonly spec?: {
    readonly paused?: boolean;
    readonly restic?: {
      /** Of a destination that fills a claim in its place. */
      readonly destinationPVC?: string;
    };
  };
  readonly status?: {
    /** When the last one ended, and what it took: `1h2m3.5s`. */
    readonly lastSyncTime?: string;
    readonly lastSyncDuration?: string;
    /** While it works; a mover that fails begins again and again. */
    readonly lastSyncStartTime?: string;
    readonly latestMoverStatus?: { readonly result?: string; readonly logs?: string };
    readonly latestImage?: object;
    readonly conditions?: readonly Condition[];
  };
}

/** What VolSync says of its own work, before any mover. */
export interface Condition {
  readonly type: string;
  readonly reason?: string;
  readonly message?: string;
}

/** None where the site has no backups, or has not been brought up. */
export function backupChecks(
  { config, isUp }: Pick<Examined, "config" | "isUp">,
  run: ClusterCommand,
): readonly Check[] {
  if (config.backup === undefined || !isUp) return [];
  return [
    {
      subject: "backups of volumes",
      run: async () => {
        const [sources, destinations] = await Promise.all([
          objects<ReplicationInForce>(run, "replicationsources.volsync.backube"),
          objects<ReplicationInForce>(run, "replicationdestinations.volsync.backube"),
        ]);
        return judgeVolumes(config, { sources, destinations });
      },
    },
  ];
}

/** What the cluster has of VolSync. */
export interface Replications {
  readonly sources: readonly ReplicationInForce[];
  readonly destinations: readonly ReplicationInForce[];
}

/** Each volume that is to be saved is, not longer ago than its schedule makes it. */
export function judgeVolumes(
  config: SiteConfig,
  { sources, destinations }: Replications,
  now = new Date(),
): readonly Finding[] {
  const { backup } = config;
  if (backup === undefined) return [];
  const wanted = wantedBackups(config);
  const left = destinations.flatMap(judgeInPlace);
  if (wanted.length === 0) return [...left, ok("backups of volumes", "there is no volume to save")];
  return [
    ...left,
    ...wanted.map((one) => {
      const waits = judgeRestore(one, find(destinations, one));
      return waits ?? judgeBackup(one, find(sources, one), lateAfterHours(backup), now);
    }),
  ];
}

/** A run of `npm run restore` takes its destination away; where it could not, VolSync goes on with it. */
function judgeInPlace({ metadata, spec }: ReplicationInForce): readonly Finding[] {
  const { namespace, name } = metadata;
  const claim = spec?.restic?.destinationPVC;
  if (claim === undefined || !name.startsWith(inPlacePrefix)) return [];
  return [
    problem(
      `volume ${namespace}/${claim}`,
      "is being filled from its backup, and VolSync goes on until that succeeds, over an application that runs as well",
      `where no npm run restore is at work: kubectl -n ${namespace} delete replicationdestination ${name}, then npm run restore again`,
    ),
  ];
}

function find(
  all: readonly ReplicationInForce[],
  { namespace, claim }: WantedBackup,
): ReplicationInForce | undefined {
  return all.find(({ metadata }) => metadata.namespace === namespace && metadata.name === claim);
}

/** Whether the last backup had nothing to save: its mover then says nothing to the store, and succeeds (mover-restic/entry.sh). */
export const savedNothing = (status: ReplicationInForce["status"]): boolean =>
  status?.latestMoverStatus?.logs?.includes("Directory is empty") === true;

/**
 * The moment that the last backup is of: its snapshot is taken when a sync begins, and kept until one succeeds, however long the
 * store is away (internal/controller/statemachine/machine.go).
 */
function savedAt(status: ReplicationInForce["status"]): Date | undefined {
  if (status?.lastSyncTime === undefined) return undefined;
  return new Date(Date.parse(status.lastSyncTime) - milliseconds(status.lastSyncDuration ?? ""));
}

const units: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/** A duration as Go writes it (https://pkg.go.dev/time#Duration.String); what is shorter than a millisecond is none. */
function milliseconds(duration: string): number {
  const parts = duration.matchAll(/([\d.]+)(h|ms|m|s)/g);
  return [...parts].reduce((sum, [, n, unit = ""]) => sum + Number(n) * (units[unit] ?? 0), 0);
}

/** The last words of a mover that failed, on one line. */
const lastWords = ({ status }: ReplicationInForce): string =>
  lastLine(status?.latestMoverStatus?.logs ?? "");

/** Whether a lock of a mover that was ended stands in the way (restic, internal/restic/lock.go, alreadyLockedError). */
export const locked = ({ logs = "" }: { readonly logs?: string }): boolean =>
  /already locked|unable to create lock|failure locking repository/.test(logs);

/**
 * Why VolSync comes to no mover at all: the last result stays what it was, and the condition alone tells of it
 * (internal/controller/statemachine/machine.go, setConditionError). What another writer was faster at is tried again at once.
 */
export function standsStill(
  status: { readonly conditions?: readonly Condition[] } | undefined,
): string | undefined {
  const found = status?.conditions?.find(({ type }) => type === "Synchronizing");
  if (found?.reason !== "Error") return undefined;
  const { message = "" } = found;
  return message.includes("the object has been modified") ? undefined : message;
}

/** Words of stores that are full, and of the systems under them (S3's own and MinIO's codes; errno). */
const full = /no space left|QuotaExceeded|InsufficientStorage|XMinioStorageFull|507 /i;

/** What nobody guesses of a mover that failed; undefined where its words are enough. */
function remedyOf(logs = ""): string | undefined {
  // It forgets and prunes after a backup that has succeeded alone (mover-restic/entry.sh).
  if (full.test(logs))
    return "the store, or the cache, is full: give it room, for no backup succeeds before, and none is forgotten until one does; docs/backup.md";
  // restic writes the key, then the config, and makes no repository over a key (internal/repository/repository.go, Init).
  if (/repository already contains (keys|snapshots)/.test(logs))
    return "its making was cut off, or its config is lost: docs/backup.md, before anything is deleted";
  return undefined;
}

/** A claim that is to begin with its backup waits until there is an image of it. */
function judgeRestore(
  { namespace, claim }: WantedBackup,
  destination: ReplicationInForce | undefined,
): Finding | undefined {
  if (destination === undefined || destination.status?.latestImage !== undefined) return undefined;
  const subject = `volume ${namespace}/${claim}`;
  const look = `kubectl -n ${namespace} describe replicationdestination ${claim}; docs/backup.md`;
  const still = standsStill(destination.status);
  if (still !== undefined)
    return problem(subject, `VolSync does not come to restore it: ${still}`, look);
  const { latestMoverStatus: mover = {} } = destination.status ?? {};
  // A destination cannot unlock (api/v1alpha1/replicationdestination_types.go), and there is no source before it is done.
  const unlock = `half an hour after the lock was made, from any computer: restic -r s3:.../${namespace}/${claim} unlock; docs/backup.md`;
  if (mover.result === "Failed")
    return problem(
      subject,
      `cannot begin with its backup: ${lastWords(destination)}`,
      locked(mover) ? unlock : (remedyOf(mover.logs) ?? look),
    );
  return warning(subject, "waits for its backup to be restored", look);
}

const patched = (namespace: string, claim: string, spec: object): string =>
  `kubectl -n ${namespace} patch replicationsource ${claim} --type merge -p '${JSON.stringify({ spec })}'`;

function judgeBackup(
  { namespace, claim }: WantedBackup,
  source: ReplicationInForce | undefined,
  lateHours: number,
  now: Date,
): Finding {
  const subject = `backup of ${namespace}/${claim}`;
  const look = `kubectl -n ${namespace} describe replicationsource ${claim}; docs/backup.md`;
  if (source === undefined) return problem(subject, "is not set up", "npm run up; docs/backup.md");
  const { latestMoverStatus: mover } = source.status ?? {};
  const last = savedAt(source.status);
  const unlock = { restic: { unlock: now.toISOString() } };
  if (source.spec?.paused === true)
    return problem(
      subject,
      "is paused: a restore was cut off, or a person has done it",
      `npm run restore goes on with it; else kubectl -n ${namespace} delete ${begunBackup(claim).join(" ")} --ignore-not-found, for what was begun is not of now, and ${patched(namespace, claim, { paused: false, ...unlock })}`,
    );
  const still = standsStill(source.status);
  if (still !== undefined) return problem(subject, `VolSync does not come to it: ${still}`, look);
  if (mover?.result === "Failed") {
    const words = lastWords(source);
    return problem(
      subject,
      `fails: ${words}`,
      locked(mover) ? patched(namespace, claim, unlock) : (remedyOf(mover.logs) ?? look),
    );
  }
  if (last === undefined) return warning(subject, "none was made yet", look);
  const moment = stamp(last);
  if ((now.getTime() - last.getTime()) / 3_600_000 > lateHours)
    return problem(subject, `the last one is from ${moment}`, look);
  if (savedNothing(source.status))
    return warning(subject, `the volume was empty at ${moment}, so nothing was saved`, look);
  return ok(subject, `the last one is from ${moment}`);
}
