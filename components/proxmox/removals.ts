import type { Problem } from "../problem.ts";
import { isOwn, rebuildReasons, type ConflictArgs, type ExistingMachine } from "./conflicts.ts";

/** What the check of machines that leave compares. */
export interface RemovalArgs extends ConflictArgs {
  /** Names that the config lists under `allowRemove`. */
  readonly allowRemove: readonly string[];
  /** Hosts that do not answer. */
  readonly offline: readonly string[];
}

/**
 * Machines of this site that the config has no more. One whose VM id the config still has is not among them: it would be
 * renamed, which `conflicts` refuses.
 */
export function leaving({
  site,
  wanted,
  existing,
}: Pick<RemovalArgs, "site" | "wanted" | "existing">): readonly ExistingMachine[] {
  return existing.filter(
    (machine) =>
      isOwn(site, machine) &&
      !wanted.some(({ name, vmId }) => name === machine.name || vmId === machine.vmId),
  );
}

/**
 * Why machines may not leave the site. Each has to be named, because it is destroyed with its disks; and they leave one in
 * a run, while the servers that stay are there: whether a machine that exists is a server only the cluster knows, and
 * etcd has to keep most of its members.
 */
export function removals(args: RemovalArgs): readonly Problem[] {
  const machines = leaving(args);
  const others = (machine: ExistingMachine): readonly string[] =>
    machines.filter((other) => other !== machine).map(({ name }) => name);
  return machines.flatMap((machine) => {
    const text = refusal(args, machine, others(machine));
    return text === undefined ? [] : [{ path: `homelab:machines (${machine.name})`, text }];
  });
}

function refusal(
  args: RemovalArgs,
  { name, vmId, host }: ExistingMachine,
  others: readonly string[],
): string | undefined {
  if (!args.allowRemove.includes(name)) {
    return (
      `the config has it no more, and VM ${vmId} on ${host} would be destroyed with its disks; put it back, or name ` +
      `${name} under homelab:allowRemove`
    );
  }
  if (others.length > 0) {
    return `machines leave one in an up, and ${others.join(", ")} would leave too; put back all but one`;
  }
  const weak = weakness(args);
  return weak === undefined
    ? undefined
    : `${weak}; do that first, and remove the machine in an up of its own`;
}

/** What keeps the servers that stay from carrying on alone; undefined when nothing does. */
function weakness(args: RemovalArgs): string | undefined {
  const servers = args.wanted.filter(({ role }) => role === "server");
  const first = servers[0];
  const there = (vmId: number): boolean =>
    args.existing.some((machine) => machine.vmId === vmId && isOwn(args.site, machine));
  if (first !== undefined && !there(first.vmId)) {
    return `the first server, ${first.name}, has to be there already, and it is not or its host does not answer: move one that runs to the top of homelab:machines`;
  }
  const down = servers.find(({ host, vmId }) => args.offline.includes(host) && !there(vmId));
  if (down !== undefined) {
    return `the host ${down.host} of the server ${down.name} does not answer: bring it back`;
  }
  const rebuilt = args.wanted.find((machine) => rebuildReasons(args, machine).length > 0);
  return rebuilt === undefined ? undefined : `${rebuilt.name} is to be built anew`;
}
