import type { MachineSpec } from "../machine.ts";
import type { ExistingMachine } from "./inventory.ts";
import { generationsOf, isOwn } from "./tags.ts";

/** What decides whether a machine is the one that earlier runs installed. */
export interface GenerationArgs {
  readonly site: string;
  readonly machine: Pick<MachineSpec, "vmId" | "host" | "ha">;
  readonly existing: readonly ExistingMachine[];
  /** Makes the name of a new generation: `gen-` and 8 hex digits. */
  readonly fresh: () => string;
}

/** Whether a machine of the site is where it belongs, so that this run builds it neither for the first time nor anew. */
export function stands({ site, machine, existing }: Omit<GenerationArgs, "fresh">): boolean {
  return placed({ site, machine, existing }) !== undefined;
}

/**
 * The generation of a machine: the one it carries if it exists where it belongs, else a new one, because this run
 * builds it. Only what was not taken for lost or doubtful may be asked about: see `doubts`.
 */
export function machineGeneration(args: GenerationArgs): string {
  return generationsOf(placed(args)?.tags ?? [])[0] ?? args.fresh();
}

function placed({ site, machine, existing }: Omit<GenerationArgs, "fresh">) {
  const found = existing.find((vm) => vm.vmId === machine.vmId && isOwn(site, vm));
  return machine.ha !== undefined || found?.host === machine.host ? found : undefined;
}
