import type { Resource } from "@pulumi/pulumi";
import { nodeTaints } from "../../../components/rke2/config.ts";
import { gatewayHost } from "../../../components/storage/gateway.ts";
import { Storage } from "../../../components/storage/storage.ts";
import type { RunningCluster } from "../../../components/workload/running-cluster.ts";
import type { Site } from "../../open-site.ts";
import type { SiteConfig } from "../../schema.ts";
import type { SiteCluster } from "../cluster/deploy.ts";
import type { SiteMonitoringKinds } from "../monitoring/deploy.ts";
import { storageMachines } from "./machines.ts";
import type { StorageConfig } from "./schema.ts";

/** Storage that was tried: what has claims depends on it. */
export interface SiteStorage {
  readonly ready: Resource;
}

/** What the parts before it have made. */
export interface StorageSurroundings {
  readonly running: RunningCluster;
  readonly kinds: SiteMonitoringKinds | undefined;
}

/** Brings Ceph up on the machines' disks; undefined where the site has no storage. */
export function deployStorage(
  { name, config }: Site,
  { nodes, labelled }: SiteCluster,
  { running: { ready, kubernetes }, kinds }: StorageSurroundings,
): SiteStorage | undefined {
  if (config.storage === undefined) return undefined;
  const { versions, classes, monitoring, prometheus, wipeOnDestroy } = config.storage;
  const machines = storageMachines(config);
  const storage = new Storage(
    name,
    {
      versions,
      ceph: versions.ceph,
      machines,
      nodes: nodes.length,
      classes: classes.map((one) => ({ ...one, dnsNames: dnsNames(config, one) })),
      taints: taintKeys(machines),
      monitoring,
      wipeOnDestroy,
      ...(prometheus === undefined ? {} : { prometheus }),
      server: nodes[0],
      lives: new Map(nodes.map(({ name, generation }) => [name, generation])),
      labelled,
    },
    {
      providers: [kubernetes],
      dependsOn: [ready, ...(monitoring && kinds !== undefined ? [kinds.known] : [])],
    },
  );
  return { ready: storage.ready };
}

/**
 * Names that the gateways of a class are told of; none where it has no hostnames. With some, the whole name of the Service is
 * among them, or programs that ask by that would ask for a bucket.
 */
export function dnsNames(
  { network: { clusterDomain } }: Pick<SiteConfig, "network">,
  { name, hostnames }: StorageConfig["classes"][number],
): readonly string[] {
  return hostnames.length === 0 ? [] : [...hostnames, `${gatewayHost(name)}.${clusterDomain}`];
}

/** Keys of the taints of machines whose disks are used: what runs there bears them. */
function taintKeys(machines: ReturnType<typeof storageMachines>): readonly string[] {
  const keys = machines.flatMap((machine) =>
    nodeTaints(machine).map((taint) => taint.split(/[=:]/)[0] ?? ""),
  );
  return [...new Set(keys)].sort();
}
