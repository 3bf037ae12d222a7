/** What the nodes of machines are told, as far as others have a say in it. */
import type { MachineSpec } from "../../../components/machine.ts";
import type { Problem } from "../../../components/problem.ts";
import type { SiteConfig } from "../../schema.ts";

type Machine = SiteConfig["machines"][number];

/**
 * Labels that somebody else sets and lives by. One of another value would be set to and fro, and a node of another
 * generation is taken for a machine that is gone. https://kubernetes.io/docs/reference/labels-annotations-taints/
 */
const ownedLabels = [
  { key: /^homelab\//, by: "the program" },
  {
    key: /^node-role\.kubernetes\.io\/(?:control-plane|master|etcd)$/,
    by: "RKE2, from the machine's role",
  },
  { key: /^(?:beta\.)?kubernetes\.io\/(?:hostname|os|arch)$/, by: "the kubelet" },
];

/** Taints that come and go by what a node is like. One of the config would be set again, its pods moved, with each change. */
const ownedTaints = [
  { key: /^node(?:\.cloudprovider)?\.kubernetes\.io\//, by: "Kubernetes" },
  { key: /^node\.cilium\.io\//, by: "Cilium" },
];

/** Whether a machine's node runs ordinary pods. */
export function runsPods({
  role,
  workloads,
  taints,
}: Pick<MachineSpec, "role" | "workloads" | "taints">): boolean {
  return (
    (role === "agent" || workloads) && taints.every((taint) => taint.endsWith(":PreferNoSchedule"))
  );
}

/** Hosts on which ordinary pods run; what is on several survives the loss of one. */
export function podHosts(
  machines: readonly Pick<MachineSpec, "host" | "role" | "workloads" | "taints">[],
): ReadonlySet<string> {
  return new Set(machines.filter(runsPods).map(({ host }) => host));
}

/**
 * There is a host for each of so many pods, which keep away from each other.
 * @param what what they are called: `instances`
 * @param each what each of them is called, where the path does not say it: ` instance`
 */
export function checkSpread(
  { machines }: Pick<SiteConfig, "machines">,
  path: string,
  count: number,
  { what, each = "" }: { readonly what: string; readonly each?: string },
): readonly Problem[] {
  const { size } = podHosts(machines);
  if (count <= size) return [];
  const text = `needs a host with pods for each${each}, and the site has ${size}; lower it, or add hosts: two ${what} of one host are lost together`;
  return [{ path, text }];
}

/** Labels and taints are the config's own to set. */
export function checkNodes({ machines }: SiteConfig): readonly Problem[] {
  return machines.flatMap((machine, i) => [
    ...labels(machine, `homelab:machines[${i}].labels`),
    ...taints(machine, `homelab:machines[${i}].taints`),
  ]);
}

function labels(machine: Machine, path: string): readonly Problem[] {
  return Object.keys(machine.labels).flatMap((label) => {
    const owner = ownedLabels.find(({ key }) => key.test(label));
    if (owner === undefined) return [];
    return [{ path: `${path}.${label}`, text: `is set by ${owner.by}; remove it here` }];
  });
}

function taints(machine: Machine, path: string): readonly Problem[] {
  return machine.taints.flatMap((taint) => {
    const [name = ""] = taint.split("=");
    const owner = ownedTaints.find(({ key }) => key.test(name));
    if (owner === undefined) return [];
    return [{ path, text: `${name} is set and taken away by ${owner.by}; remove it here` }];
  });
}
