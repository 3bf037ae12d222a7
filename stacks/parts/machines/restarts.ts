/** Says before anything is changed which machines this run restarts. */
import type { Machine, MachineSpec } from "../../../components/machine.ts";
import type { ExistingMachine } from "../../../components/proxmox/inventory.ts";
import { propertyString } from "../../../components/proxmox/property-string.ts";
import {
  restartReasons,
  settingsInForce,
  wantedSettings,
} from "../../../components/proxmox/restart-settings.ts";
import { vmArgs } from "../../../components/proxmox/vm-args.ts";
import type { Problem } from "../../../components/problem.ts";
import type { Judged } from "../../config/problem.ts";
import type { SiteFile } from "../../open-site.ts";
import type { MachineConfig } from "./configs.ts";
import { storageMachines } from "../storage/machines.ts";
import { sitePlan } from "./plan.ts";

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

/**
 * Why machines with disks of storage may not be built anew in one run: each takes with it a copy of what it holds, and the copies
 * are made anew only when the machine is back.
 */
export function copiesProblems(rebuilt: readonly string[]): readonly Problem[] {
  if (rebuilt.length < 2) return [];
  return [
    {
      path: "homelab:allowReplace",
      text:
        `${rebuilt.join(", ")} would be built anew at once, and what storage keeps in three copies would have one left, or none; ` +
        "build one of them anew in each up, which ends when all copies are there again",
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
 * Compares with what Proxmox has now. A machine that is being made is not cut off by anything. No machine may restart beside
 * others that are built anew, and of machines with disks of storage one is built anew in a run.
 */
export function judgeRestarts(
  site: SiteFile,
  { machines, existing, configs }: Comparison,
): Pick<Judged<unknown>, "problems" | "notes"> {
  const plan = sitePlan(site);
  const looked = machines.flatMap((machine) => {
    const config = configs.get(machine.vmId);
    return config === undefined
      ? []
      : [{ ...machine, config, wanted: vmArgs(plan, machine, 0, "") }];
  });
  const due = looked.flatMap(({ name, role, config, wanted }): readonly DueRestart[] => {
    if (config instanceof Error) return [];
    const reasons = restartReasons(settingsInForce(config), wantedSettings(wanted));
    return reasons.length === 0 ? [] : [{ name, role, reasons }];
  });
  const moves = looked.flatMap(({ name, config, wanted }) =>
    config instanceof Error ? [] : cardMoves(name, config, wanted.networkDevices),
  );
  const names = rebuilt(machines, existing);
  const servers = machines.filter(({ role }) => role === "server").length;
  return {
    problems: [
      ...togetherProblems(due, names),
      ...copiesProblems(rebuiltWithDisks(site, { machines, existing })),
    ],
    notes: [
      ...looked.flatMap(({ name, config }) =>
        config instanceof Error
          ? [`cannot tell whether ${name} has to restart: ${config.message}`]
          : [],
      ),
      ...[describeRestarts(due, servers), describeMoves(moves)].filter((text) => text !== ""),
    ],
  };
}

/** Machines that are destroyed and built anew. */
function rebuilt(
  machines: Comparison["machines"],
  existing: readonly ExistingMachine[],
): readonly string[] {
  return machines
    .filter(
      ({ stands, vmId, name }) =>
        !stands && existing.some((one) => one.vmId === vmId || one.name === name),
    )
    .map(({ name }) => name);
}

/** All of them where there is storage, parts of which may be on each. */
export function rebuiltBesideStorage(
  { config }: Pick<SiteFile, "config">,
  { machines, existing }: Pick<Comparison, "machines" | "existing">,
): readonly string[] {
  return config.storage === undefined ? [] : rebuilt(machines, existing);
}

/** Those of them whose disks storage uses. */
function rebuiltWithDisks(
  { config }: Pick<SiteFile, "config">,
  { machines, existing }: Pick<Comparison, "machines" | "existing">,
): readonly string[] {
  const stored = config.storage === undefined ? [] : storageMachines(config);
  return rebuilt(machines, existing).filter((name) => stored.some((one) => one.name === name));
}

/** Cards of a machine that join another bridge or VLAN, while it runs (qemu-server, vmconfig_update_net). */
function cardMoves(
  name: string,
  config: Exclude<MachineConfig, Error>,
  cards: readonly { readonly bridge: string; readonly vlanId?: number }[],
): readonly string[] {
  return cards.flatMap(({ bridge, vlanId }, i) => {
    const now = propertyString(config[`net${i}`]);
    if (now.size === 0) return [];
    const [from, to] = [place(now.get("bridge") ?? "", now.get("tag")), place(bridge, vlanId)];
    return from === to ? [] : [`  ${name}: net${i} from ${from} to ${to}`];
  });
}

function place(bridge: string, vlan: number | string | undefined): string {
  return vlan === undefined ? bridge : `${bridge}, VLAN ${vlan}`;
}

/** What is said of cards that move: which, and what comes of a wrong one. */
function describeMoves(moves: readonly string[]): string {
  if (moves.length === 0) return "";
  return (
    "cards move while their machines run, all at once and without a restart. Where the new bridge or VLAN is not the same " +
    `network, machines lose each other, and this run loses them; doctor looks for the bridges:\n${moves.join("\n")}`
  );
}
