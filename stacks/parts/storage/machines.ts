import type { SiteConfig } from "../../schema.ts";

type Machine = SiteConfig["machines"][number];

/** The machines that give disks to storage, each with these alone, and with its place in the config. */
export function storageMachines({
  machines,
  storage,
}: Pick<SiteConfig, "machines" | "storage">): readonly (Machine & {
  readonly index: number;
  readonly disks: Machine["extraDisks"];
})[] {
  const { disks: named } = storage ?? {};
  return machines
    .map((machine, index) => ({
      ...machine,
      index,
      disks: machine.extraDisks.filter(({ name }) => named === undefined || named.includes(name)),
    }))
    .filter(({ disks }) => disks.length > 0);
}

/**
 * Names of the classes that may have all copies of some data on a machine's disks: those with more disks there than may be lost,
 * where copies are kept apart by disk alone, and those with a single copy.
 */
export function classesWithin(
  config: Pick<SiteConfig, "machines" | "storage">,
  name: string,
): readonly string[] {
  const disks = storageMachines(config).find((machine) => machine.name === name)?.disks.length ?? 0;
  if (disks === 0) return [];
  return (config.storage?.classes ?? [])
    .filter(({ failureDomain, replicas, erasureCoding }) => {
      const gone = failureDomain === "osd" ? disks : 1;
      return gone > Math.min(replicas - 1, erasureCoding?.coding ?? Infinity);
    })
    .map((plan) => plan.name);
}
