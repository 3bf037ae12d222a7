/** What was seen, as the rows of a status. */
import { certificateName } from "../../components/certificates/plan.ts";
import { savedNothing, type ReplicationInForce } from "../parts/backup/doctor.ts";
import { wantedBackups } from "../parts/backup/volumes.ts";
import type { Judged } from "../parts/certificates/doctor.ts";
import type { NodeInForce } from "../parts/cluster/doctor/nodes.ts";
import { inStore, timesOf, type SnapshotInForce } from "../parts/cluster/doctor/snapshots.ts";
import { alertText, badAlerts, type AlertInForce } from "../parts/monitoring/doctor.ts";
import type { StoreInForce } from "../parts/postgres/doctor.ts";
import type { PostgresConfig } from "../parts/postgres/schema.ts";
import type { CephInForce } from "../parts/storage/doctor.ts";
import { conditionOf, whyNot } from "../doctor/conditions.ts";
import type { Exposed } from "../exposure/table.ts";
import type { SiteConfig } from "../schema.ts";
import { endingAt } from "./answer.ts";
import {
  isNotSeen,
  type AlertStatus,
  type BackupStatus,
  type CertificateStatus,
  type Ending,
  type Found,
  type HostStatus,
  type NameStatus,
  type NodeStatus,
  type StorageStatus,
} from "./status.ts";

/** A row of Proxmox's GET cluster/resources, as far as the status looks; `inventory.ts` has the source. */
export interface ResourceRow {
  readonly type: string;
  readonly node?: string;
  readonly status?: string;
  readonly vmid?: number;
}

/** A Node with its kubelet's release. */
export type NodeSeen = NodeInForce & {
  readonly status?: { readonly nodeInfo?: { readonly kubeletVersion?: string } };
};

/** An EndpointSlice (k8s.io/api/discovery/v1), as far as the status looks. */
export interface SliceInForce {
  readonly metadata: {
    readonly namespace: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly endpoints?:
    | readonly {
        readonly conditions?: { readonly ready?: boolean };
        readonly targetRef?: { readonly name?: string };
        readonly addresses?: readonly string[];
      }[]
    | null;
}

/** The hosts and machines, with what Proxmox and the cluster say of them. */
export function seenHosts(
  hosts: readonly HostStatus[],
  rows: Found<readonly ResourceRow[]>,
  nodes: Found<readonly NodeSeen[]>,
): readonly HostStatus[] {
  const stateOf = (fits: (row: ResourceRow) => boolean, absent: string): Found<string> =>
    isNotSeen(rows) ? rows : (rows.find(fits)?.status ?? absent);
  return hosts.map(({ machines, ...host }) => ({
    ...host,
    state: stateOf(({ type, node }) => type === "node" && node === host.name, "unknown to Proxmox"),
    machines: machines.map((machine) => ({
      ...machine,
      state: stateOf(({ vmid }) => vmid === machine.vmId, "not there"),
      node: isNotSeen(nodes)
        ? nodes
        : seenNode(nodes.find(({ metadata }) => metadata.name === machine.name)),
    })),
  }));
}

function seenNode(node: NodeSeen | undefined): NodeStatus {
  if (node === undefined) return { state: "not in the cluster", ready: false, cordoned: false };
  const { spec, status } = node;
  const reason = whyNot(status?.conditions, "Ready", "it says nothing");
  const version = status?.nodeInfo?.kubeletVersion;
  return {
    state: reason === undefined ? "Ready" : `not Ready: ${reason}`,
    ready: reason === undefined,
    cordoned: spec?.unschedulable === true,
    ...(version === undefined ? {} : { version }),
  };
}

/**
 * Pods behind a name. One whose state nobody has said counts as ready, as it does for Cilium (cilium/cilium
 * pkg/loadbalancer/reflectors/k8s.go).
 */
export function podsBehind(
  { backend }: Pick<Exposed, "backend">,
  slices: readonly SliceInForce[],
): { readonly ready: number; readonly all: number } {
  const [path = ""] = backend.split(":");
  const [namespace = path, service = path] = path.split("/");
  const endpoints = slices
    .filter(
      ({ metadata }) =>
        metadata.namespace === namespace &&
        metadata.labels?.["kubernetes.io/service-name"] === service,
    )
    .flatMap((slice) => slice.endpoints ?? []);
  // A Service with several ports or families may have a pod in several slices.
  const named = (list: typeof endpoints): number =>
    new Set(list.map(({ targetRef, addresses = [] }) => targetRef?.name ?? addresses[0])).size;
  return {
    ready: named(endpoints.filter(({ conditions }) => conditions?.ready !== false)),
    all: named(endpoints),
  };
}

/** Certificates with their days, the next to end first. */
export function seenCertificates(all: readonly Judged[], now: Date): readonly CertificateStatus[] {
  return all
    .map(({ metadata: { namespace = "", name }, status = {} }) => ({
      ...{ namespace, name, ready: conditionOf(status.conditions, "Ready")?.status === "True" },
      ...(status.notAfter === undefined ? {} : endingAt(status.notAfter, now)),
    }))
    .toSorted((a, b) => (a.days ?? -1) - (b.days ?? -1));
}

/** The end of what a name has shown, or else of the cluster's certificate for it. */
export function endingOf(
  { tls }: Pick<Exposed, "tls">,
  shown: string | undefined,
  certificates: Found<readonly CertificateStatus[]> | undefined,
  now: Date,
): Ending | undefined {
  if (shown !== undefined) return endingAt(shown, now);
  if (!tls.startsWith("*.") || certificates === undefined || isNotSeen(certificates))
    return undefined;
  const name = certificateName(tls.slice(2));
  const found = certificates.find((one) => one.name === name);
  return found?.ends === undefined ? undefined : endingAt(found.ends, now);
}

/** Alerts that say that something is wrong, critical ones first. */
export function seenAlerts(all: readonly AlertInForce[]): readonly AlertStatus[] {
  return badAlerts(all)
    .map(({ labels, annotations, startsAt }) => ({
      name: labels["alertname"] ?? "of no name",
      severity: labels["severity"] ?? "",
      text: alertText(annotations),
      ...(startsAt === undefined ? {} : { since: startsAt }),
    }))
    .toSorted((a, b) => a.severity.localeCompare(b.severity, "en"));
}

/** The newest snapshot of etcd in each place that the config names. */
export function seenBackups(
  { snapshots: { s3 } }: SiteConfig["cluster"],
  all: readonly SnapshotInForce[],
  now: Date,
): readonly BackupStatus[] {
  const newest = (where: string, found: readonly SnapshotInForce[]): BackupStatus => ({
    ...{ of: "etcd", where },
    ...ageOf(timesOf(found).at(-1), now),
  });
  return [
    newest(
      "the servers' disks",
      all.filter((one) => !inStore(one)),
    ),
    ...(s3 === undefined ? [] : [newest(`bucket ${s3.bucket}`, all.filter(inStore))]),
  ];
}

/** The newest base backup of each cluster of Postgres that has an archive. */
export function seenArchives(
  { clusters }: Pick<PostgresConfig, "clusters">,
  stores: readonly StoreInForce[],
  now: Date,
): readonly BackupStatus[] {
  return Object.entries(clusters).flatMap(([name, { backup }]) => {
    if (backup === undefined) return [];
    const { status } = stores.find(({ metadata }) => metadata.name === name) ?? {};
    const last = status?.serverRecoveryWindow?.[backup.archive]?.lastSuccessfulBackupTime;
    const where = `archive ${backup.archive}`;
    return [
      {
        ...{ of: `Postgres ${name}`, where },
        ...ageOf(last === undefined ? undefined : new Date(last), now),
      },
    ];
  });
}

/** The newest backup of each volume that is saved; one that was empty has none. */
export function seenVolumes(
  config: SiteConfig,
  sources: readonly ReplicationInForce[],
  now: Date,
): readonly BackupStatus[] {
  return wantedBackups(config).map(({ namespace, claim }) => {
    const { status } =
      sources.find(({ metadata }) => metadata.namespace === namespace && metadata.name === claim) ??
      {};
    const last = savedNothing(status) ? undefined : status?.lastSyncTime;
    return {
      ...{ of: `volume ${namespace}/${claim}`, where: `bucket ${config.backup?.s3.bucket ?? ""}` },
      ...ageOf(last === undefined ? undefined : new Date(last), now),
    };
  });
}

/** When something was made, and the whole hours since; nothing of what there is not. */
function ageOf(last: Date | undefined, now: Date): Pick<BackupStatus, "last" | "hours"> {
  if (last === undefined) return {};
  const hours = Math.floor((now.getTime() - last.getTime()) / 3_600_000);
  return { last: last.toISOString(), hours };
}

/** Ceph's health and room. Throws when it has said nothing yet. */
export function seenStorage(clusters: readonly CephInForce[]): StorageStatus {
  const ceph = clusters[0]?.status?.ceph;
  if (ceph?.health === undefined) throw new Error("Ceph has said nothing yet");
  const { bytesUsed = 0, bytesTotal = 0 } = ceph.capacity ?? {};
  const inGiB = (bytes: number): number => Math.round(bytes / 2 ** 30);
  return { health: ceph.health, usedGiB: inGiB(bytesUsed), totalGiB: inGiB(bytesTotal) };
}

/** What is to be said of pods: a name behind which none takes requests is down, whoever answers. */
export function withoutPods({ pods }: Pick<NameStatus, "pods">): boolean {
  return pods !== undefined && !isNotSeen(pods) && pods.ready === 0;
}
