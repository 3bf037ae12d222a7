import type { MachineSpec } from "../machine.ts";
import { isOwn, type ExistingMachine } from "./conflicts.ts";
import { generationOf } from "./tags.ts";

/** What decides whether a machine is the one that earlier runs installed. */
export interface GenerationArgs {
  readonly site: string;
  readonly machine: Pick<MachineSpec, "vmId" | "host" | "ha">;
  readonly existing: readonly ExistingMachine[];
  /** Makes the name of a new generation: `gen-` and 8 hex digits. */
  readonly fresh: () => string;
}

/**
 * The generation of a machine: the one it carries if it exists where it belongs, else a new one, because this run
 * builds it.
 */
export function machineGeneration(args: GenerationArgs): string {
  const { machine } = args;
  const found = args.existing.find((vm) => vm.vmId === machine.vmId && isOwn(args.site, vm));
  const stays = found !== undefined && (machine.ha !== undefined || found.host === machine.host);
  return (stays ? generationOf(found.tags) : undefined) ?? args.fresh();
}
