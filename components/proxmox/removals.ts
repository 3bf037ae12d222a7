import type { Problem } from "../problem.ts";
import { rebuildReasons, type ConflictArgs } from "./conflicts.ts";
import type { ExistingMachine } from "./inventory.ts";
import { isOwn } from "./tags.ts";

/** What the check of machines that leave compares. */
export interface RemovalArgs extends ConflictArgs {
  /** Names that the config lists under `allowRemove`. */
  readonly allowRemove: readonly string[];
}

/**
 * Machines of this site that the config has no more. One whose VM id the config still has is not among them: it would be
 * renamed, which `conflicts` refuses. A machine without name, because its host is down, has the one that the state knows.
 */
export function leaving({
  site,
  wanted,
  existing,
  known,
}: Pick<RemovalArgs, "site" | "wanted" | "existing" | "known">): readonly ExistingMachine[] {
  return existing
    .filter((machine) => isOwn(site, machine))
    .map((machine) => ({ ...machine, name: nameOf(machine, known) }))
    .filter(
      (machine) => !wanted.some(({ name, vmId }) => name === machine.name || vmId === machine.vmId),
    );
}

function nameOf({ name, vmId }: ExistingMachine, known: RemovalArgs["known"]): string {
  if (name !== "") return name;
  return known.find((machine) => machine.vmId === vmId)?.name ?? `VM ${vmId}`;
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
  const hostOf = (server: { readonly vmId: number }): string | undefined =>
    args.existing.find((machine) => machine.vmId === server.vmId && isOwn(args.site, machine))
      ?.host;
  const isDown = (host: string | undefined): boolean =>
    host !== undefined && args.offline.includes(host);
  const topmost = first && hostOf(first);
  if (first !== undefined && (topmost === undefined || isDown(topmost))) {
    return `the first server, ${first.name}, has to be there already, and it is not or its host is down: move one that runs to the top of homelab:machines`;
  }
  const down = servers.find((server) => isDown(hostOf(server)));
  if (down !== undefined) {
    return `the host ${hostOf(down) ?? down.host} of the server ${down.name} is down: bring it back`;
  }
  const rebuilt = args.wanted.find((machine) => rebuildReasons(args, machine).length > 0);
  return rebuilt === undefined ? undefined : `${rebuilt.name} is to be built anew`;
}
