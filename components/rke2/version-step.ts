/** RKE2's releases, and which may follow which. */

/** A release of RKE2, in order of age: minor, patch, RKE2's own count. */
type Release = readonly [minor: number, patch: number, build: number];

/** Undefined where the text is no release. */
export function releaseOf(text: string): Release | undefined {
  const match = /^v1\.(\d+)\.(\d+)\+rke2r(\d+)$/.exec(text);
  if (match === null) return undefined;
  const [minor = 0, patch = 0, build = 0] = match.slice(1).map(Number);
  return [minor, patch, build];
}

/**
 * Why a node of one RKE2 release cannot be given another; undefined when it can. RKE2 itself installs any after any, and
 * finds out with the data already changed: Kubernetes supports no older control plane on newer data, and one minor at a
 * time. https://docs.rke2.io/upgrades/manual, /upgrades/roll-back and https://kubernetes.io/releases/version-skew-policy
 */
export function versionStep(from: string, to: string): string | undefined {
  const [old, next] = [releaseOf(from), releaseOf(to)];
  if (old === undefined || next === undefined) return undefined;
  const [before, after] = [old[0], next[0]];
  if (after > before + 1)
    return (
      `${to} skips a minor: ${from} runs, and Kubernetes is upgraded one minor at a time; ` +
      `use a v1.${before + 1} release first, then this one`
    );
  const older = next.findIndex((part, i) => part !== old[i]);
  if (older >= 0 && (next[older] ?? 0) < (old[older] ?? 0))
    return (
      `${to} is older than ${from}, which runs, and its data cannot be taken back; put ${from} back, or a newer one. ` +
      "The way back to an older release is a snapshot of it: docs/restore.md"
    );
  return undefined;
}
