import { filesOf, servedBy, type DefinitionSet, type PinnedFiles } from "./definition-set.ts";

/** VolSync's kinds by its release, which is its chart's too; as the chart would bring them. */
const kinds: Readonly<Record<string, PinnedFiles>> = {
  "0.16.0": {
    "volsync.backube_replicationdestinations.yaml":
      "503cb28f7eafc73b9c3332cdc084aca3149f8520e3b265769caf02a47f51251d",
    "volsync.backube_replicationsources.yaml":
      "597e68a855277fe5bfb86f1239ab472dda1fe4660fca22fa932ff2f13b72d29b",
  },
};

/** Versions of the volsync chart whose kinds are pinned, oldest first. */
export const volsyncVersions: readonly string[] = Object.keys(kinds);

/** VolSync's kinds of a pinned version; throws for another one. */
export function volsync(chart: string): DefinitionSet {
  const files = kinds[chart];
  if (files === undefined) throw new Error(`the volsync chart ${chart} is not pinned`);
  const repository = "backube/volsync";
  return {
    name: "volsync",
    title: `VolSync ${chart}`,
    files: filesOf({ repository, tag: `v${chart}`, folder: "config/crd/bases" }, files),
    serves: servedBy(Object.keys(files), "v1alpha1"),
  };
}
