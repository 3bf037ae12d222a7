import type { z } from "zod";
import { gitops } from "../../config/gitops.ts";
import { switched, whereOn } from "../../config/switched.ts";
import type { Versions } from "../versions/schema.ts";

/** What restarts workloads whose Secrets have changed. */
export const reloader = switched(
  "Reloader, which restarts workloads that ask for it when a Secret of theirs has changed",
  { gitops },
);

/** Reloader with its version; undefined where it is switched off. */
export function deriveReloader(written: z.infer<typeof reloader>, versions: Versions) {
  return whereOn(written, ({ gitops }) => ({ chart: versions.reloader, gitops }));
}
