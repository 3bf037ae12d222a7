import type { DoneStep } from "../rke2/founded.ts";

/** Title of the step that waits until a cluster is whole. */
export const provingCluster = "postgres-whole";

/** By cluster, the image that all of its instances ran at the end of the last step that saw it whole. */
export function provenImages(steps: readonly DoneStep[]): ReadonlyMap<string, string> {
  return new Map(
    steps.flatMap(({ title, parameters: { CLUSTER, IMAGE } }) =>
      title === provingCluster && CLUSTER !== undefined && IMAGE !== undefined
        ? [[CLUSTER, IMAGE] as const]
        : [],
    ),
  );
}
