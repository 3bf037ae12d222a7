import { apiServer, pods, type Flow } from "../../../components/policies/flow.ts";
import { reloaderNamespace } from "../../../components/workload/reloader.ts";
import type { SiteConfig } from "../../schema.ts";

/** Reloader asks nobody but the API. */
export function reloaderTraffic({ reloader }: SiteConfig): readonly Flow[] {
  if (reloader === undefined) return [];
  const from = pods("Reloader", reloaderNamespace.name, { app: "reloader" });
  return [{ from, to: apiServer, why: "Secrets, and the workloads that read them" }];
}
