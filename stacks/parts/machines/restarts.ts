/** Says before anything is changed which machines this run restarts. */
import { log, RunError } from "@pulumi/pulumi";
import type { Machine, MachineSpec } from "../../../components/machine.ts";
import type { ExistingMachine } from "../../../components/proxmox/conflicts.ts";
import {
  restartReasons,
  settingsInForce,
  wantedSettings,
} from "../../../components/proxmox/restart-settings.ts";
import { vmArgs } from "../../../components/proxmox/vm-args.ts";
import type { Problem } from "../../../components/problem.ts";
import { describeProblems } from "../../config/problem.ts";
import type { Site } from "../../open-site.ts";
import type { MachineConfig } from "./configs.ts";
import { sitePlan } from "./deploy.ts";

/** A machine that has to restart, with what changes for it. */
export interface DueRestart {
  readonly name: string;
  readonly role: "server" | "agent";
  readonly reasons: readonly string[];
}

/** Minutes that a machine takes: its pods move, it shuts down, boots, and its node has to be well again. */
const minutesEach = 5;

/**
 * What is said of restarts: which, why, how long in all, and whether the control plane is away. Empty when there are none.
 */
export function describeRestarts(due: readonly DueRestart[], servers: number): string {
  if (due.length === 0) return "";
  const each = due.map(({ name, reasons }) => `  ${name}: ${reasons.join("; ")}`).join("\n");
  const count =
    due.length === 1
      ? "1 machine restarts"
      : `${due.length} machines restart, one after the other, each once the one before it is well again`;
  // etcd goes on without one of three.
  const away =
    servers < 3 && due.some(({ role }) => role === "server")
      ? " The Kubernetes API is away while a server restarts."
      : " The Kubernetes API answers meanwhile.";
  return `${count}: pods move away first, then the guest shuts down. About ${due.length * minutesEach} minutes in all.${away}\n${each}`;
}

/**
 * Why machines may not restart in a run that builds others anew: those are destroyed beside the first restart, while the
 * API still calls their nodes Ready, and they join only once all restarts are over.
 */
export function togetherProblems(
  due: readonly DueRestart[],
  rebuilt: readonly string[],
): readonly Problem[] {
  if (due.length === 0 || rebuilt.length === 0) return [];
  const each = due.map(({ name, reasons }) => `${name} (${reasons.join("; ")})`).join(", ");
  return [
    {
      path: "homelab:allowReplace",
      text:
        `${rebuilt.join(", ")} would be built anew while others restart: ${each}. Two machines down at once may be too many ` +
        "for etcd and for the storage; make one of the changes in an up of its own first (npm run up -- --refresh undoes what was changed by hand in Proxmox)",
    },
  ];
}

/** What the machines are compared with. */
export interface Comparison {
  readonly machines: readonly (MachineSpec & Machine)[];
  readonly existing: readonly ExistingMachine[];
  /** By VM id, of those that could be asked for. */
  readonly configs: ReadonlyMap<number, MachineConfig>;
}

/**
 * Compares with what Proxmox has now. A machine that is being made is not cut off by anything.
 * @throws RunError when machines would restart beside others that are built anew.
 */
export function tellRestarts(site: Site, { machines, existing, configs }: Comparison): void {
  const plan = sitePlan(site);
  const found = machines.flatMap((machine): readonly DueRestart[] => {
    const { name, role, vmId } = machine;
    const config = configs.get(vmId);
    if (config === undefined) return [];
    if (config instanceof Error) {
      void log.warn(`cannot tell whether ${name} has to restart: ${config.message}`);
      return [];
    }
    const wanted = wantedSettings(vmArgs(plan, machine, 0, ""));
    return [{ name, role, reasons: restartReasons(settingsInForce(config), wanted) }];
  });
  const due = found.filter(({ reasons }) => reasons.length > 0);
  const rebuilt = machines.filter(
    ({ stands, vmId, name }) =>
      !stands && existing.some((one) => one.vmId === vmId || one.name === name),
  );
  const problems = togetherProblems(
    due,
    rebuilt.map(({ name }) => name),
  );
  if (problems.length > 0) throw new RunError(describeProblems(site.name, problems));
  const text = describeRestarts(due, machines.filter(({ role }) => role === "server").length);
  if (text !== "") void log.warn(text);
}
