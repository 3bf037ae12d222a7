import type { DataOwner } from "../../data-loss/owners.ts";
import { entriesOf } from "./look.ts";
import { siteVolumes } from "./volumes.ts";

/** Volumes of applications and libraries: they go by permission alone, so that nothing of them is lost without. */
export const volumeData: DataOwner = {
  declared: (config) => [...new Set(siteVolumes(config).flatMap(({ data }) => entriesOf(data)))],
  lossOf: () => undefined,
  bucketClass: () => undefined,
};
