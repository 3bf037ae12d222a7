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
