import { apiServer, pods, tcp, type Flow, type Pods } from "../../../components/policies/flow.ts";
import {
  clusterLabel,
  operatorLabels,
  operatorNamespace,
  pluginLabels,
  ports,
  postgresNamespace,
} from "../../../components/postgres/names.ts";
import { storeFlow } from "../../config/store-traffic.ts";
import type { SiteConfig } from "../../schema.ts";
import type { PostgresConfig } from "./schema.ts";

const operator = pods("CloudNativePG's operator", operatorNamespace.name, operatorLabels);
const plugin = pods("the barman-cloud plugin", operatorNamespace.name, pluginLabels);

/** Instances of a cluster, their jobs and its poolers: all have its label (cloudnative-pg, pkg/specs). */
export const members = (cluster: string): Pods =>
  pods(`Postgres ${cluster}`, postgresNamespace.name, { [clusterLabel]: cluster });

type Cluster = PostgresConfig["clusters"][string];

/**
 * The operator asks each instance for its state; instances copy from each other, and look whether the others see them. Each
 * one's own container archives to the store, and asks the API server for the cluster that it belongs to.
 * @see https://github.com/cloudnative-pg/cloudnative-pg/blob/v1.30.0/docs/src/networking.md
 */
export function postgresTraffic({ postgres }: SiteConfig): readonly Flow[] {
  if (postgres === undefined) return [];
  return [
    ...[operator, plugin].map((from): Flow => ({ from, to: apiServer, why: "their objects" })),
    {
      from: operator,
      to: plugin,
      ports: tcp(ports.plugin),
      why: "what instances need for backups",
    },
    {
      from: apiServer,
      to: operator,
      ports: tcp(ports.webhook),
      why: "asks before objects are taken",
    },
    ...Object.entries(postgres.clusters).flatMap(([name, cluster]) =>
      ways(name, cluster, postgres),
    ),
  ];
}

function ways(name: string, cluster: Cluster, all: PostgresConfig): readonly Flow[] {
  const own = members(name);
  const { postgres, status } = ports;
  return [
    { from: own, to: apiServer, why: "the cluster that it belongs to" },
    { from: operator, to: own, ports: tcp(status, postgres), why: "the state of instances" },
    { from: own, to: own, ports: tcp(status, postgres), why: "copies, and who sees whom" },
    ...stores(name, cluster, all).map((backup): Flow => ({
      ...storeFlow(own, backup),
      why: "its archive, and what it is recovered from",
    })),
    ...consumers(cluster).map((namespace): Flow => ({
      from: pods(`pods of ${namespace}`, namespace),
      to: own,
      ports: tcp(postgres),
      why: "their database",
    })),
  ];
}

/** The cluster's own, and that of the one that it is recovered from. */
function stores(
  name: string,
  { backup, recover }: Cluster,
  { clusters }: PostgresConfig,
): readonly NonNullable<Cluster["backup"]>[] {
  const other =
    recover === undefined || recover.from === name ? undefined : clusters[recover.from]?.backup;
  const [first, second] = [backup, other].filter((one) => one !== undefined);
  if (first === undefined) return [];
  const same = second === undefined || (first.bucket !== undefined && second.bucket !== undefined);
  return same || first.s3?.endpoint === second.s3?.endpoint ? [first] : [first, second];
}

function consumers({ databases }: Cluster): readonly string[] {
  return [...new Set(Object.values(databases).flatMap(({ secretIn }) => secretIn))];
}
