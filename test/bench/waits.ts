/** Which operations of a bring-up wait for machines, and which node an operation belongs to. */

/** Types whose operation lasts as long as machines take, by what the wait is for. */
const imposed: readonly (readonly [pattern: RegExp, wait: string])[] = [
  [/^command:remote:Command$/, "a machine: boot, SSH, script, RKE2's start and join"],
  [/^proxmoxve:download\//, "a host: download of the cloud image"],
  [/^proxmoxve:.*[vV]mLegacy$/, "a host: disk import and start of a VM"],
  [/^kubernetes:helm\.sh\//, "the cluster: a chart's pods"],
  [/^kubernetes:apps\//, "the cluster: rollout of pods"],
  [/^kubernetes:tailscale\.com\//, "the cluster: the operator's device"],
];

/** What an operation on a type waits for; undefined when its time is the program's, the engine's or an API's. */
export function machineWait(type: string): string | undefined {
  return imposed.find(([pattern]) => pattern.test(type))?.[1];
}

/** The node that a resource is named after, longest name first; the site otherwise. */
export function nodeOf(name: string, nodes: readonly string[]): string {
  return (
    [...nodes]
      .sort((a, b) => b.length - a.length)
      .find((node) => name === node || name.startsWith(`${node}-`)) ?? "site"
  );
}
