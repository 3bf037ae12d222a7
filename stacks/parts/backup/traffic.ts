import { backupNamespace, moverLabels, operatorLabels } from "../../../components/backup/names.ts";
import { apiServer, pods, type Flow } from "../../../components/policies/flow.ts";
import { storeFlow } from "../../config/store-traffic.ts";
import type { SiteConfig } from "../../schema.ts";
import { wantedBackups } from "./volumes.ts";

const operator = pods("VolSync", backupNamespace.name, operatorLabels);

/** VolSync works by the API alone; its movers, in each namespace that has volumes to save, reach the repository alone. */
export function backupTraffic(config: SiteConfig): readonly Flow[] {
  const { backup } = config;
  if (backup === undefined) return [];
  const namespaces = [...new Set(wantedBackups(config).map(({ namespace }) => namespace))];
  return [
    { from: operator, to: apiServer, why: "its objects" },
    ...namespaces.map((namespace): Flow => ({
      ...storeFlow(pods(`movers of ${namespace}`, namespace, moverLabels), { s3: backup.s3 }),
      why: "backups of volumes",
    })),
  ];
}
