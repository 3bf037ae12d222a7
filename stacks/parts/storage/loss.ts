/** Says before a machine is destroyed whether Ceph has other copies of what its disks hold. */
import { setTimeout as pause } from "node:timers/promises";
import { log } from "@pulumi/pulumi";
import { stamp } from "../../../components/days.ts";
import type { Problem } from "../../../components/problem.ts";
import type { Judged } from "../../config/problem.ts";
import type { ClusterCommand } from "../../doctor/examined.ts";
import type { OsdInForce } from "./doctor.ts";
import { look, nodeOf, runs, type RebuiltMachine, type Seen } from "./loss-look.ts";
import { monitorProblems } from "./monitor-loss.ts";

/** Warnings of copies that are not there (https://docs.ceph.com/en/tentacle/rados/operations/health-checks/). */
const missingCopies = ["PG_DEGRADED", "PG_DAMAGED"] as const;
/**
 * Data that nobody can read now, or whose newest copy is on none of the disks that run; and what else is known being from before:
 * no manager runs, and the monitors keep what the last one said of the data (ceph/src/mon/MgrStatMonitor.cc, prepare_report); or
 * Ceph has not answered Rook, as without a majority of its monitors (rook/pkg/operator/ceph/cluster/cephstatus.go,
 * cephStatusOnError).
 */
const unavailable = ["PG_AVAILABILITY", "OBJECT_UNFOUND", "MGR_DOWN", "error"] as const;

/** How old Ceph's state may be, in milliseconds. Rook looks once a minute (cephstatus.go, defaultStatusCheckInterval). */
const oldest = 5 * 60_000;
/**
 * How long after a disk's end Ceph may say nothing of data that only this disk had, in milliseconds: others miss it after 20 s
 * (osd_heartbeat_grace), and what nobody has is named once it is stuck for 60 s (mon_pg_stuck_threshold; ceph/src/mon/PGMap.cc,
 * get_health_checks: stale and inactive).
 */
const settling = 2 * 60_000;
/**
 * How long the monitors may take a silent disk for one that runs where fewer than two machines with disks are left to miss it
 * (mon_osd_min_down_reporters, mon_osd_report_timeout in ceph/src/common/options).
 */
const reportTimeout = 15 * 60_000;
/** Between two looks of who waits, in milliseconds. */
const interval = 5_000;

/** Times in milliseconds. */
interface Moments {
  readonly now: number;
  /** When Proxmox was seen not to run the machine. */
  readonly asked: number;
}

/** What tests have in the place of time. */
export interface Clock {
  readonly now: () => number;
  readonly pause: (milliseconds: number) => Promise<unknown>;
}

/** Since when a daemon is down, in milliseconds; 0 where its Deployment does not say. */
const downSince = ({ status }: OsdInForce): number =>
  Date.parse(
    status?.conditions?.find((one) => one.type === "Available" && one.status === "False")
      ?.lastTransitionTime ?? "1970-01-01T00:00:00Z",
  );
const lastLook = ({ clusters }: Pick<Seen, "clusters">): string | undefined =>
  clusters[0]?.status?.ceph?.lastChecked;

/**
 * Whether a machine's disks may be in use. Kubernetes alone does not tell: it takes the pods of a silent node for dead, while they
 * outlive their kubelet and serve on (KillMode=process in rancher/rke2, bundle/lib/systemd/system/rke2-server.service).
 */
function serves({ name, runs: powered }: RebuiltMachine, daemons: readonly OsdInForce[]): boolean {
  return powered || daemons.some((daemon) => nodeOf(daemon) === name && runs(daemon));
}

/**
 * Why the disks of a machine may not be destroyed now: disks of others are down, copies are missing, or Rook has not looked for
 * long. A machine that Proxmox does not run, and whose disks are all down, holds nothing that is in use: what counts then is
 * whether something cannot be read without it. So a dead machine is built anew, also one of several on a host that is lost.
 */
export function lossProblems(
  machine: RebuiltMachine,
  seen: Pick<Seen, "clusters" | "daemons">,
  { now, asked }: Moments,
): readonly Problem[] {
  const { name } = machine;
  const { clusters, daemons } = seen;
  const own = daemons.filter((daemon) => nodeOf(daemon) === name);
  if (own.length === 0) return [];
  const inUse = serves(machine, daemons);
  if (inUse && machine.alone.length > 0) return [aloneProblem(machine)];
  const down = daemons.filter((daemon) => !runs(daemon));
  const others = down.filter((daemon) => nodeOf(daemon) !== name);
  const { details = {} } = clusters[0]?.status?.ceph ?? {};
  const counted = [...unavailable, ...(inUse ? missingCopies : [])];
  const lastChecked = lastLook(seen);
  const looked = Date.parse(lastChecked ?? "1970-01-01T00:00:00Z");
  // What Ceph said while the disks ran says nothing of what can be read without them.
  const isFresh = looked >= Math.max(now - oldest, inUse ? 0 : asked + settling);
  const missed = Number(/^\d+/.exec(details["OSD_DOWN"]?.message ?? "")?.[0] ?? 0);
  const missedBy = Math.max(...own.map(downSince)) + reportTimeout + settling;
  const reasons = [
    ...(isFresh
      ? []
      : [
          `Rook looked at Ceph last at ${lastChecked ?? "no time"} (it is ${iso(now)} by this computer's clock), so what is ` +
            "known of it may be from before: kubectl -n rook-ceph get pods -l app=rook-ceph-operator",
        ]),
    // Disks that Ceph has given up are not counted any more, ten minutes after it missed them.
    ...(inUse || missed >= down.length || looked >= missedBy
      ? []
      : [
          `Ceph may not yet miss all disks that are down: OSD_DOWN says ${missed} of ${down.length}; it does by ${iso(missedBy)}`,
        ]),
    ...(!inUse || others.length === 0
      ? []
      : [`disks of ${[...new Set(others.map(nodeOf))].join(", ")} are down`]),
    ...counted.flatMap((code) => {
      const { message } = details[code] ?? {};
      return message === undefined ? [] : [`${code}: ${message}`];
    }),
  ];
  if (reasons.length === 0) return [];
  const text =
    `${name} would be built anew while its disks may hold the last copies of data (${reasons.join("; ")}); ` +
    "wait until Ceph has made the others anew (npm run doctor), or bring back what is down. Where they are missing because one " +
    "of this machine's own disks is broken, or because the machine has lost its cluster, shut it down in Proxmox first: what " +
    "cannot be read without it is named then";
  return [{ path: "homelab:allowReplace", text }];
}

/** Ceph is well, and would be no more: of data that lies on one machine alone no other copy is ever made. */
function aloneProblem({ name, alone }: RebuiltMachine): Problem {
  const text =
    `${name} would be built anew, and all copies of data of ${alone.join(", ")} may be on its disks, since they are kept apart by ` +
    "disk alone, or are one. Let it move what it holds first: take it out of the file (homelab:allowRemove), and put it back in an " +
    "up of its own. Where nothing can take it, save what it holds, destroy the site and raise it again";
  return { path: "homelab:allowReplace", text };
}

/** Nobody can be asked, and no answer would be a yes. Ceph may be well while the API is down. */
function silentProblem({ name, alone }: RebuiltMachine): Problem {
  const text =
    `${name} would be built anew while its cluster does not answer, and all copies of data of ${alone.join(", ")} may be on its ` +
    "disks. Have RKE2 answer first (npm run doctor, docs/restore.md). Where it never will, shut the machine down in Proxmox and " +
    "move its data disks to another VM: what is then built anew is without what they hold";
  return { path: "homelab:allowReplace", text };
}

const iso = (time: number): string => stamp(new Date(time));

/**
 * Asks the cluster. One that does not answer is a note: it may be what a machine is built anew for, unless all copies of some data may
 * be on its disks. For a machine that Proxmox does not run it waits until Rook has looked at a Ceph that is without it for long enough.
 */
export async function judgeLoss(
  machines: readonly RebuiltMachine[],
  run: ClusterCommand,
  clock: Clock = { now: Date.now, pause },
): Promise<Pick<Judged<unknown>, "problems" | "notes">> {
  const asked = clock.now();
  const names = machines.map(({ name }) => name).join(", ");
  let seen: Seen;
  try {
    seen = await look(run);
  } catch (error) {
    const { message } = error as Error;
    const note = `cannot tell whether Ceph can do without ${names}: ${message}`;
    const problems = machines
      .filter(({ runs, alone }) => runs && alone.length > 0)
      .map(silentProblem);
    return { problems, notes: [note] };
  }
  const problems = (latest: Seen): readonly Problem[] => [
    ...machines.flatMap((machine) => lossProblems(machine, latest, { now: clock.now(), asked })),
    ...monitorProblems(machines, latest),
  ];
  const dead = machines.filter(
    (machine) =>
      !serves(machine, seen.daemons) && seen.daemons.some((one) => nodeOf(one) === machine.name),
  );
  if (dead.length === 0) return { problems: problems(seen), notes: [] };
  void log.info(
    `${names}: does not run; waiting until Rook has looked at Ceph without it, up to three minutes`,
  );
  try {
    while (isBefore(seen, asked + settling, clock.now())) {
      await clock.pause(interval);
      seen = await look(run);
    }
  } catch (error) {
    const text = `${names}: the cluster stopped answering before it said whether Ceph has all data: ${(error as Error).message}`;
    return { problems: [{ path: "homelab:allowReplace", text }], notes: [] };
  }
  return { problems: problems(seen), notes: [] };
}

/** Whether Rook's last look is from before a time, and another one is to come. */
function isBefore(seen: Seen, time: number, now: number): boolean {
  const looked = Date.parse(lastLook(seen) ?? "1970-01-01T00:00:00Z");
  return looked < time && looked >= now - oldest;
}
