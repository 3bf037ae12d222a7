import type { DoneStep } from "../rke2/founded.ts";
import { coded, givenGiB, type ClassPlan, type StorageMachine } from "./classes.ts";
import { snapshotClassName } from "./storage-classes.ts";

/** Title of the step that goes through the classes. */
export const tryingClasses = "storage-tried";

/** Name of the step that waits, when storage goes, until Ceph is gone. */
export const storageGone = "rook-ceph-cluster-gone";

/** What healthy.sh waits for, and the life that each machine lives: what was proven of a former one is proven again. */
export function expected({
  machines,
  lives,
  classes,
}: {
  readonly machines: readonly StorageMachine[];
  readonly lives: ReadonlyMap<string, string>;
  readonly classes: readonly ClassPlan[];
}): Readonly<Record<string, string>> {
  return {
    PATIENCE: "1200",
    // A line each: machine, how many disks it gives, and its life.
    DISKS: machines
      .map(({ name, disks }) => `${name} ${disks.length} ${lives.get(name) ?? ""}`)
      .join("\n"),
    GIB: String(givenGiB(machines)),
    // Kind and name of what is behind each class.
    POOLS: classes.flatMap(behind).join(" "),
  };
}

function behind(plan: ClassPlan): readonly string[] {
  switch (plan.kind) {
    case "block":
      return [
        `cephblockpool/${plan.name}`,
        ...(coded(plan) ? [`cephblockpool/${plan.name}-metadata`] : []),
      ];
    case "file":
      return [`cephfilesystem/${plan.name}`, `cephfilesystemsubvolumegroup/${plan.name}-csi`];
    case "bucket":
      return [`cephobjectstore/${plan.name}`];
  }
}

/**
 * What trial.sh goes through, a line each: class, kind, snapshot class, whether claims may grow, and all by which a class is
 * another one, so that only a change of it tries it again.
 */
export function trials({
  classes,
}: {
  readonly classes: readonly ClassPlan[];
}): Readonly<Record<string, string>> {
  return {
    CLASSES: classes
      .map((plan) => {
        const { name, kind, expansion, replicas, failureDomain, erasureCoding, compression } = plan;
        const snapshots = kind === "bucket" ? "-" : snapshotClassName(kind);
        const form = [replicas, failureDomain, ...Object.values(erasureCoding ?? {}), compression];
        return [name, kind, snapshots, expansion ? "grows" : "fixed", form.join("/")].join(" ");
      })
      .join("\n"),
  };
}

/** A class as the last run has tried it. */
export type TriedClass = Pick<ClassPlan, "name" | "kind" | "failureDomain" | "erasureCoding">;

/** The classes that the steps of a state have tried, from what trials() told them. */
export function triedClasses(steps: readonly DoneStep[]): readonly TriedClass[] {
  const { CLASSES = "" } = steps.find(({ title }) => title === tryingClasses)?.parameters ?? {};
  return CLASSES.split("\n").flatMap((line) => {
    const [name = "", kind, , , form = ""] = line.split(" ");
    const [, failureDomain, ...rest] = form.split("/");
    const [data, coding] = rest.slice(0, -1).map(Number);
    return kind === undefined
      ? []
      : [
          {
            name,
            kind: kind as ClassPlan["kind"],
            failureDomain: failureDomain as ClassPlan["failureDomain"],
            ...(data === undefined || coding === undefined
              ? {}
              : { erasureCoding: { data, coding } }),
          },
        ];
  });
}
