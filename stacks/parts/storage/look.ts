/** What a run would ask of a class that is there, told before anything is changed: Rook takes it and does not do it. */
import type { Known } from "../../../components/proxmox/known-machines.ts";
import { coded, domainsNeeded, type ClassPlan } from "../../../components/storage/classes.ts";
import type { Problem } from "../../../components/problem.ts";
import type { Judged } from "../../config/problem.ts";
import type { SiteConfig } from "../../schema.ts";
import { storageMachines } from "./machines.ts";

/**
 * Compares the classes of the config with those that the last run has tried. Behind another kind there is another pool. The rule
 * and the profile by which a pool's pieces are kept are for good (rook/pkg/daemon/ceph/client/pool.go, createECPoolForApp).
 */
export function judgeClasses(
  config: Pick<SiteConfig, "machines" | "storage">,
  { classes = [] }: Pick<Known, "classes">,
): Pick<Judged<unknown>, "problems" | "notes"> {
  const problems = (config.storage?.classes ?? []).flatMap((wanted): readonly Problem[] => {
    const there = classes.find(({ name }) => name === wanted.name);
    if (there === undefined) return [];
    const changed = forGood(there).filter(([key, value]) => value !== said(wanted, key));
    return changed.map(([key, value]) => ({
      path: `homelab:storage.classes.${wanted.name}.${key}`,
      text: `the class has ${value}, and keeps it: what is stored would stay as it is; put it back, or name a new class`,
    }));
  });
  return { problems, notes: onFewDrives(config) };
}

/** Copies that are kept apart by disk alone go together where their disks lie on one drive: a datastore is one, unless it spans several. */
function onFewDrives(config: Pick<SiteConfig, "machines" | "storage">): readonly string[] {
  const drives = new Set(
    storageMachines(config).flatMap(({ host, disks }) =>
      disks.map(({ datastore }) => `${datastore} of ${host}`),
    ),
  );
  return (config.storage?.classes ?? [])
    .filter((plan) => plan.failureDomain === "osd" && drives.size < domainsNeeded(plan))
    .map(
      ({ name }) =>
        `homelab:storage.classes.${name}: copies are kept apart by disk, and the disks lie on ${[...drives].join(" and ")}; ` +
        "where that is one drive they go with it. Give the disks a datastore on a drive each (docs/storage.md)",
    );
}

type Form = Pick<ClassPlan, "kind" | "failureDomain" | "erasureCoding">;
type Settled = keyof Form;

/** Keys that may not change, each with what the class has. */
function forGood(there: Form): readonly (readonly [Settled, string])[] {
  const keys: readonly Settled[] = [
    "kind",
    "erasureCoding",
    ...(coded(there) ? (["failureDomain"] as const) : []),
  ];
  return keys.map((key) => [key, said(there, key)]);
}

function said(plan: Form, key: Settled): string {
  if (key !== "erasureCoding") return `${key}: ${plan[key]}`;
  const { data, coding } = plan.erasureCoding ?? {};
  return data === undefined
    ? "no erasureCoding"
    : `erasureCoding: { data: ${data}, coding: ${coding} }`;
}
