import { filesOf, servedBy, type DefinitionSet, type PinnedFiles } from "./definition-set.ts";

/**
 * The kind of Dragonfly's operator by its release, which is its chart's too; as the chart would bring it.
 */
const kinds: Readonly<Record<string, PinnedFiles>> = {
  "v1.6.1": {
    "dragonflydb.io_dragonflies.yaml":
      "a91475353adc0dbed627f7f63628598fa8643dcb4695de93f2172e949a7bfc6c",
  },
};

/** Versions of the dragonfly-operator chart whose kind is pinned, oldest first. */
export const dragonflyVersions: readonly string[] = Object.keys(kinds);

/** The kind Dragonfly of a pinned version of its operator; throws for another one. */
export function dragonflyOperator(chart: string): DefinitionSet {
  const files = kinds[chart];
  if (files === undefined) throw new Error(`the dragonfly-operator chart ${chart} is not pinned`);
  const repository = "dragonflydb/dragonfly-operator";
  return {
    name: "dragonfly",
    title: `Dragonfly's operator ${chart}`,
    files: filesOf({ repository, tag: chart, folder: "config/crd/bases" }, files),
    serves: servedBy(Object.keys(files), "v1alpha1"),
  };
}
