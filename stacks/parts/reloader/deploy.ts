import type { Custody } from "../../../components/workload/custody.ts";
import { Reloader } from "../../../components/workload/reloader.ts";
import type { RunningCluster } from "../../../components/workload/running-cluster.ts";
import type { Site } from "../../open-site.ts";

/** Restarts workloads with their Secrets, where the config has it. */
export function deployReloader(
  { name, config: { reloader } }: Site,
  { ready, kubernetes }: RunningCluster,
  custody: (name: string) => Custody,
): void {
  if (reloader === undefined) return;
  new Reloader(
    `${name}-reloader`,
    { chart: reloader.chart, custody: custody("reloader") },
    { providers: [kubernetes], dependsOn: [ready] },
  );
}
