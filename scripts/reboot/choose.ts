/** Which machines are to restart, and in which order. */
import { RunError } from "@pulumi/pulumi";
import type { MachineSpec } from "../../components/machine.ts";
import type { Power } from "../../components/proxmox/power.ts";
import type { SshRun } from "../../components/remote/ssh.ts";
import { waitingSettings } from "../../stacks/parts/proxmox/doctor/pending.ts";

type Candidate = Pick<MachineSpec, "name" | "vmId" | "address" | "role">;

/** What a person asked for: all machines where nothing is said. */
export interface Wanted {
  /** Only this one, whether it waits for a restart or not. */
  readonly machine?: string;
  /** Only those that wait for a restart. */
  readonly due?: true;
}

/** Whom to ask what a machine waits for. */
export interface Asked {
  readonly power: Pick<Power, "pending">;
  readonly run: SshRun;
}

/**
 * Servers first, each in the config's order.
 * @throws RunError for a name that is no machine of the site; with their own words where a machine or Proxmox does not answer.
 */
export async function choose<M extends Candidate>(
  machines: readonly M[],
  { machine: only, due }: Wanted,
  { power, run }: Asked,
): Promise<readonly M[]> {
  const all = machines.toSorted((a, b) => Number(a.role === "agent") - Number(b.role === "agent"));
  if (only !== undefined) {
    const found = all.filter(({ name }) => name === only);
    if (found.length === 0)
      throw new RunError(
        `${only} is no machine of the site; it has ${all.map(({ name }) => name).join(", ")}`,
      );
    return found;
  }
  if (due !== true) return all;
  const waits = await Promise.all(
    all.map(async ({ vmId, address }) => {
      const kernel = await run(address, "[ -e /run/reboot-required ] && echo due || true");
      return kernel.trim() === "due" || waitingSettings(await power.pending(vmId)).length > 0;
    }),
  );
  return all.filter((_, index) => waits[index]);
}
