import { ResourceHook } from "@pulumi/pulumi";

/**
 * Why one Cilium release cannot follow another; undefined when it can. Upgrade and rollback are tested between minors
 * that follow each other. https://docs.cilium.io/en/stable/operations/upgrade/
 */
export function ciliumStep(from: string, to: string): string | undefined {
  const [old, next] = [from, to].map((text) => /^1\.(\d+)\./.exec(text)?.[1]);
  if (old === undefined || next === undefined) return undefined;
  const [before, after] = [Number(old), Number(next)];
  if (Math.abs(after - before) <= 1) return undefined;
  const first = after > before ? before + 1 : before - 1;
  return `Cilium ${to} skips a minor: ${from} runs, and only minors that follow each other are tested; use a 1.${first} release first, then this one`;
}

/** Refuses such a step before anything is changed, already in a preview: the engine compares with the release in force. */
export function ciliumHook(next: string): ResourceHook {
  return new ResourceHook(
    "cilium-step",
    ({ oldInputs }) => {
      const { version } = (oldInputs ?? {}) as { version?: unknown };
      const problem = typeof version === "string" ? ciliumStep(version, next) : undefined;
      if (problem !== undefined) throw new Error(`homelab:versions.cilium: ${problem}`);
    },
    { onDryRun: true },
  );
}
