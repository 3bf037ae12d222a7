/** Looks at a site: what the config says, with what Proxmox, the cluster and the names themselves answer. */
import { reading, type Fetch } from "../doctor/ask.ts";
import { reasonOf } from "../doctor/check.ts";
import type { ClusterCommand } from "../doctor/examined.ts";
import { problem, sorted, summarise, type Finding } from "../doctor/finding.ts";
import { objects } from "../doctor/kubectl.ts";
import { newestIn, type Release } from "../doctor/releases.ts";
import type { SiteFile } from "../open-site.ts";
import type { ReplicationInForce } from "../parts/backup/doctor.ts";
import type { Judged } from "../parts/certificates/doctor.ts";
import { snapshotsOf } from "../parts/cluster/doctor/snapshots.ts";
import { activeAlerts } from "../parts/monitoring/doctor.ts";
import type { StoreInForce } from "../parts/postgres/doctor.ts";
import type { CephInForce } from "../parts/storage/doctor.ts";
import {
  answerFinding,
  judgeHeard,
  questionOf,
  type Answer,
  type AskName,
  type Heard,
} from "./answer.ts";
import { declaredStatus } from "./declared.ts";
import {
  endingOf,
  podsBehind,
  seenAlerts,
  seenArchives,
  seenBackups,
  seenVolumes,
  seenCertificates,
  seenHosts,
  seenStorage,
  withoutPods,
  type NodeSeen,
  type ResourceRow,
  type SliceInForce,
} from "./rows.ts";
import {
  isNotSeen,
  type Found,
  type NameStatus,
  type SeenStatus,
  type VersionStatus,
} from "./status.ts";

/** Whom a site's status is asked of; undefined is who is not there yet. */
export interface Sources {
  readonly cluster: ClusterCommand | undefined;
  /** GET of Proxmox VE's API, below /api2/json. */
  readonly proxmox: (<T>(path: string) => Promise<T>) | undefined;
  readonly askName: AskName;
  /** How lists of versions are read, and which of them there are. */
  readonly ask: Fetch;
  readonly releases: readonly Release[];
  /** What the doctor finds. */
  readonly examined: Promise<readonly Finding[]>;
}

/** The status of a site at a time. Whatever cannot be looked at says why. */
export async function lookAtSite(
  { name: site, config }: SiteFile,
  { cluster, proxmox, askName, ask, releases, examined }: Sources,
  now: Date,
): Promise<SeenStatus> {
  const declared = declaredStatus(site, config);
  const inCluster = <T>(read: (run: ClusterCommand) => Promise<T>): Promise<Found<T>> =>
    found(() =>
      cluster === undefined ? Promise.reject(new Error("there is no cluster yet")) : read(cluster),
    );
  const [findings, rows, nodes, slices, heard, certificates, alerts, backups, storage, newest] =
    await Promise.all([
      examined,
      found(() =>
        proxmox === undefined
          ? Promise.reject(new Error("its token cannot be read"))
          : proxmox<readonly ResourceRow[]>("cluster/resources"),
      ),
      inCluster((run) => objects<NodeSeen>(run, "nodes")),
      inCluster((run) => objects<SliceInForce>(run, "endpointslices.discovery.k8s.io")),
      Promise.all(declared.names.map((one) => answerOf(one, declared.names, config, askName))),
      config.certificates === undefined
        ? undefined
        : inCluster(async (run) =>
            seenCertificates(await objects<Judged>(run, "certificates.cert-manager.io"), now),
          ),
      config.monitoring === undefined
        ? undefined
        : inCluster(async (run) => seenAlerts(await activeAlerts(run))),
      inCluster(async (run) => [
        ...seenBackups(config.cluster, await snapshotsOf(run), now),
        ...(config.postgres === undefined
          ? []
          : seenArchives(config.postgres, await objects<StoreInForce>(run, archives), now)),
        ...(config.backup === undefined
          ? []
          : seenVolumes(config, await objects<ReplicationInForce>(run, replications), now)),
      ]),
      config.storage === undefined
        ? undefined
        : inCluster(async (run) =>
            seenStorage(await objects<CephInForce>(run, "cephclusters.ceph.rook.io")),
          ),
      newestOf(releases, ask),
    ]);
  const names = declared.names.map((one, i): NameStatus => {
    const { answer, shown } = heard[i] ?? {};
    const certificate = endingOf(one, shown, certificates, now);
    return {
      ...one,
      pods: isNotSeen(slices) ? slices : podsBehind(one, slices),
      ...(answer === undefined ? {} : { answer }),
      ...(certificate === undefined ? {} : { certificate }),
    };
  });
  const all = [...names.flatMap(nameFindings), ...findings];
  return {
    ...declared,
    hosts: seenHosts(declared.hosts, rows, nodes),
    names,
    versions: declared.versions.map((one): VersionStatus => {
      const last = newest.get(one.path);
      return last === undefined ? one : { ...one, newest: last };
    }),
    seen: {
      at: now.toISOString(),
      findings: sorted(all).filter(({ severity }) => severity !== "ok"),
      summary: summarise(all),
      ...(alerts === undefined ? {} : { alerts }),
      ...(certificates === undefined ? {} : { certificates }),
      backups,
      ...(storage === undefined ? {} : { storage }),
    },
  };
}

/** Kind of Barman's archives. */
const archives = "objectstores.barmancloud.cnpg.io";

/** Kind of the backups of volumes. */
const replications = "replicationsources.volsync.backube";

async function found<T>(read: () => Promise<T>): Promise<Found<T>> {
  try {
    return await read();
  } catch (error) {
    return { notSeen: reasonOf(error) };
  }
}

async function answerOf(
  one: NameStatus,
  all: readonly NameStatus[],
  config: SiteFile["config"],
  askName: AskName,
): Promise<{ readonly answer: Answer; readonly shown?: string }> {
  const question = questionOf(one, all, config);
  if (typeof question === "string")
    return { answer: { asked: false, severity: "ok", text: question } };
  const heard = await askName(question).catch(
    (error: unknown): Heard | Error => new Error(reasonOf(error)),
  );
  const answer = judgeHeard(one, question, heard);
  const shown = heard instanceof Error ? undefined : heard.certificate?.ends;
  return { answer, ...(shown === undefined ? {} : { shown }) };
}

function nameFindings(one: NameStatus): readonly Finding[] {
  const { host, backend, from } = one;
  const down = withoutPods(one)
    ? [
        problem(
          `name ${host}`,
          `no pod of ${backend} takes requests`,
          `kubectl get pods -A; what leads there is ${from}`,
        ),
      ]
    : [];
  return [...down, ...(one.answer === undefined ? [] : answerFinding(one, one.answer))];
}

/** The newest version of each chart whose index can be read, by the config path of its version. */
async function newestOf(
  releases: readonly Release[],
  ask: Fetch,
): Promise<ReadonlyMap<string, string>> {
  const read = reading(ask);
  const pairs = await Promise.all(
    releases.map(async ({ chart, url, path }): Promise<readonly (readonly [string, string])[]> => {
      if (chart === undefined) return [];
      // That a list cannot be read is the doctor's to say.
      const index = await found(() => read(chart.index ?? url));
      const newest = isNotSeen(index) ? undefined : newestIn(index.text, chart.name);
      return newest === undefined ? [] : [[path, newest]];
    }),
  );
  return new Map(pairs.flat());
}
